"""Reading an issue: bytes to a Document, or every fault of the file with its place."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pydantic import ValidationError

from newsletter.errors import Finding, InputError
from newsletter.issue import fields as personal
from newsletter.issue import yaml
from newsletter.issue.condition import MOST_VARIANTS, variants
from newsletter.issue.document import Document, FaultyError
from newsletter.issue.event import TIME_ZONE
from newsletter.issue.faults import told
from newsletter.issue.issue import Issue
from newsletter.issue.rules import Rule
from newsletter.issue.salvage import salvage, unknown
from newsletter.issue.snippets import SnippetSource, expand
from newsletter.issue.source import Source

_MOST_FINDINGS = 200


def read(
    data: bytes, name: str, *, fields: Sequence[str], default_language: str,
    snippets: SnippetSource | None = None, time_zone: str | None = None,
) -> Document:  # fmt: skip
    """Read an issue's YAML; `name` is the file's, as shown to people.

    `fields` are the personal fields that subscribers have; events are in `time_zone`. The language
    is what the file says, else what its name says (`x.sv.yaml`), else the default. The blocks of
    snippets are in the issue as if written there. Raises FaultyError with all faults and what
    can be read beside them; another FindingsError when nothing can.
    """
    context = {"fields": tuple(fields), "time_zone": time_zone or TIME_ZONE}
    source, findings = yaml.load(data, name)
    source, wrong = expand(source, snippets, context)
    findings = [*findings, *wrong, *islice(_personal(source, fields), _MOST_FINDINGS)]
    language = _language_of(name) or default_language
    try:
        issue = Issue.model_validate({"language": language, **source.data}, context=context)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        findings += told(errors, source, root=Issue)
        raise FaultyError(
            _sorted(findings, name), salvage(source, errors, context, language)
        ) from error
    crowd = list(_variants(issue, source))
    if findings := [*findings, *_language(issue, source), *crowd]:
        rest = None if crowd else Document(issue, source, tuple(unknown(issue)))
        raise FaultyError(_sorted(findings, name), rest)
    return Document(issue, source)


def _language_of(name: str) -> str:
    match = re.search(r"\.([a-z]{2,3})\.ya?ml$", name)
    return match[1] if match else ""


def _language(issue: Issue, source: Source) -> Iterator[Finding]:
    named = _language_of(source.name)
    if named and named != issue.language:
        yield Rule.LANGUAGE.entry.finding(
            source.place(("language",)),
            f"the file's name says {named!r}, the issue says {issue.language!r}",
            "rename the file or change the language",
        )


def _variants(issue: Issue, source: Source) -> Iterator[Finding]:
    try:
        count = sum(1 for _ in variants(issue.conditions))
    except InputError:
        count = MOST_VARIANTS + 1
    if count > MOST_VARIANTS:
        yield Rule.VARIANTS.entry.finding(
            source.key_place(("blocks",)),
            f"the conditions of the blocks make more than {MOST_VARIANTS} different mails",
            "use fewer different 'when', or split the issue in two",
        )


def _personal(source: Source, known: Sequence[str]) -> Iterator[Finding]:
    for path, text in source.texts():
        _, faults = personal.parse_all(text, known)
        for fault in faults:
            place = source.place(path, fault.offset)
            yield fault.rule.entry.finding(place, fault.message, fault.hint)


def _sorted(findings: Sequence[Finding], name: str) -> list[Finding]:
    """Order findings by place, those of the issue's own file first; each once.

    A snippet that is used twice has its faults twice.
    """
    ordered = sorted(
        dict.fromkeys(findings),
        key=lambda item: (
            item.place.file != name, item.place.file, item.place.line, item.place.column, item.rule,
        ),
    )  # fmt: skip
    return ordered[:_MOST_FINDINGS]
