"""What all pages share: the workspace, the store, the templates, the writer, the clock."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from starlette.responses import HTMLResponse

from newsletter import workspace as workspaces
from newsletter.i18n import pick, translate
from newsletter.issue.funding import statement
from newsletter.register.domains import DomainFault, fault_of
from newsletter.register.tokens import Tokens
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.web.language import accepted, asked, spoken
from newsletter.web.navigation import navigate
from newsletter.web.writer import Writer
from newsletter.workspace import Workspace

ERROR: Final = "error"
"""The template of the error pages; a form with faults is the page that it was."""

_SHEETS: Final = ("site.css", "forms.css", "copy.css")


def nobody() -> None:
    """Wake nobody: the next `newsletter replies` delivers."""


@dataclass(frozen=True, slots=True)
class Site:
    """One workspace's web app."""

    workspace: Workspace
    store: Store
    keys: tuple[str, ...]
    tokens: Tokens
    writer: Writer
    templates: Environment
    clock: Callable[[], datetime]
    wake: Callable[[], None] = nobody
    """To be called after the commit of whatever queued a reply, so that it leaves at once."""
    domain_fault: Callable[[str], DomainFault | None] = fault_of
    """What says whether a domain takes mail."""
    versions: dict[str, tuple[tuple[Template, ...], str]] = field(default_factory=dict)
    """Of each style sheet: what it was made of, and its name (`Site.version`)."""
    request: Request | None = None
    """What is being answered; none in the site that all requests share."""

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        store: Store,
        *,
        clock: Callable[[], datetime],
        wake: Callable[[], None] = nobody,
    ) -> "Site":
        """Make the site of a workspace; its own templates win over the starter's."""
        return cls(
            workspace=workspace,
            store=store,
            keys=(keys := workspace.keys()),
            tokens=Tokens(keys),
            writer=Writer(store),
            templates=environment(workspace),
            clock=clock,
            wake=wake,
        )

    def answering(self, request: Request) -> "Site":
        """Give the site as the answer to one request sees it."""
        return replace(self, request=request)

    @property
    def settings(self) -> Settings:
        """The settings of the workspace."""
        return self.workspace.settings

    @property
    def root(self) -> str:
        """Where the site's addresses begin on its host; empty at the top."""
        return urlsplit(self.settings.public_url).path

    @property
    def https(self) -> bool:
        """Whether readers reach the site by https."""
        return self.settings.public_url.startswith("https:")

    @property
    def contact(self) -> str:
        """The address that a reader may write to."""
        return self.settings.sender.reply_to or self.settings.sender.address

    @property
    def asked(self) -> str:
        """The language that the address asks for, which wins over all else; empty without."""
        return asked(self.request.query_params) if self.request else ""

    @property
    def public(self) -> frozenset[str]:
        """The lists whose issues everybody may find."""
        return frozenset(item.id for item in self.settings.public_lists)

    def language_of(self, request: Request) -> str:
        """Choose the language of a page whose reader is not known."""
        wishes = request.headers.get("accept-language", "")
        return asked(request.query_params) or accepted(wishes, self.settings.language)

    def language_for(self, language: str) -> str:
        """Choose the language of a page for a subscriber with that language."""
        return self.asked or spoken(language, self.settings.language)

    def list_name(self, list_id: str, language: str) -> str:
        """Name a list to its reader; one that the settings no longer have by its id."""
        for item in self.settings.lists:
            if item.id == list_id:
                return pick(item.name, language, self.settings.language)
        return list_id

    def page(
        self,
        name: str,
        language: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - whatever the template shows
    ) -> HTMLResponse:
        """Render the template `name` as an HTML answer in `language`."""
        # An error page is the same for every address: it must not tell one token from another.
        here = self.request if name != ERROR else None
        text = self._text(name, language, here, values)
        return HTMLResponse(text, status, {"Content-Language": language, **(headers or {})})

    def text(self, name: str, language: str, **values: Any) -> str:  # noqa: ANN401 - same
        """Render the template `name` in `language`."""
        return self._text(name, language, self.request, values)

    def _text(self, name: str, language: str, here: Request | None, values: dict[str, Any]) -> str:
        own = {"navigation": navigate(self.settings, language, here, asked=self.asked)}
        template = self.templates.get_template(f"{name}.html.j2")
        return template.render({**self._shared(language), **own, **values})

    def asset(self, name: str) -> str:
        """Render a style sheet or picture of the house, in the theme's colours."""
        return self.templates.get_template(f"{name}.j2").render(theme=self.settings.theme)

    def version(self, name: str) -> str:
        """Name a style sheet by its content, so that a browser may keep it until it changes.

        It is rendered once, not for each page; and again when one of the sheets was edited, for
        then the loader gives it anew.
        """
        made_of = tuple(self.templates.get_template(f"{sheet}.j2") for sheet in _SHEETS)
        kept = self.versions.get(name)
        if kept is None or kept[0] != made_of:
            digest = hashlib.sha256(self.asset(name).encode()).hexdigest()
            kept = self.versions[name] = (made_of, digest[:12])
        return kept[1]

    def _shared(self, language: str) -> dict[str, Any]:
        settings = self.settings
        return {
            "_": partial(translate, language=language),
            "language": language,
            "root": self.root,
            "masthead": settings.masthead,
            "tagline": pick(settings.masthead.tagline, language, settings.language),
            "sender": settings.sender,
            "contact": self.contact,
            "funding": settings.funding and statement(settings.funding.programme, language),
            "style": self.version("site.css"),
        }


def environment(workspace: Workspace) -> Environment:
    """Make what fills the templates; the workspace's own win over the starter's."""
    folders = [workspace.templates / "web", workspaces.starter() / "templates" / "web"]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html.j2", "svg.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def site_of(request: Request) -> Site:
    """Give the site as the answer to this request sees it."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site.answering(request)


async def _site(request: Request) -> Site:
    return site_of(request)


Here = Annotated[Site, Depends(_site)]
"""What an endpoint writes to be given its site."""
