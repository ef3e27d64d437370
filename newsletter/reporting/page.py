"""A report as one HTML file: nothing is loaded from anywhere, and no script runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from newsletter import workspace as workspaces
from newsletter.errors import InputError
from newsletter.i18n import direction, spoken
from newsletter.reporting.charts import drawn
from newsletter.reporting.figures import Report
from newsletter.reporting.sections import PARTS, promise, sections
from newsletter.reporting.words import Words
from newsletter.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the figures that stand at the top."""

    label: str
    value: str
    below: str = ""


def page(workspace: Workspace, report: Report, language: str) -> str:
    """Write the page in `language`; raises InputError when the workspace's template is broken."""
    settings = workspace.settings
    words = Words(spoken(language), settings)
    verdict, *rest = promise(report, words)
    try:
        template = _environment(workspace).get_template("report.html.j2")
        return template.render(
            _=words.t,
            language=words.language,
            direction=direction(words.language),
            theme=settings.theme,
            masthead=settings.masthead,
            organisation=settings.sender.organisation,
            report=report,
            words=words,
            lists=[words.list_name(name) for name in report.lists],
            figures=list(_figures(report, words)),
            verdict=verdict,
            details=rest,
            sections=sections(report, words),
            parts=PARTS,
            drawn=drawn,
        )
    except TemplateError as error:
        raise InputError(
            f"template report/report.html.j2: {error}",
            hint="mend the template, or delete your copy of it to use the starter's",
        ) from error


def _figures(report: Report, words: Words) -> Iterator[Figure]:
    t, accounts, told = words.t, report.accounts, report.told
    accepted = accounts.accepted

    def of_accepted(people: int) -> str:
        return words.share(people, accepted)

    yield Figure(t("Audience"), words.number(accounts.audience))
    yield Figure(t("Handed over"), words.number(accepted), words.share(accepted, accounts.audience))
    yield Figure(t("Delivered"), words.number(told.delivered), of_accepted(told.delivered))
    yield Figure(t("Bounced"), words.number(told.bounced), of_accepted(told.bounced))
    yield Figure(t("Called it spam"), words.number(told.complained), of_accepted(told.complained))
    left = report.leaving.people
    yield Figure(t("Left"), words.number(left), of_accepted(left))


def _environment(workspace: Workspace) -> Environment:
    folders = [workspace.templates / "report", workspaces.starter() / "templates" / "report"]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
