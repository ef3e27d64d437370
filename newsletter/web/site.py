"""What all pages share: the workspace, the store, the templates, the writer, the clock."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from newsletter import workspace as workspaces
from newsletter.i18n import pick, translate
from newsletter.register.tokens import Tokens
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.web.language import accepted, spoken
from newsletter.web.writer import Writer
from newsletter.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Site:
    """One workspace's web app."""

    workspace: Workspace
    store: Store
    tokens: Tokens
    writer: Writer
    templates: Environment
    clock: Callable[[], datetime]

    @classmethod
    def of(cls, workspace: Workspace, store: Store, *, clock: Callable[[], datetime]) -> "Site":
        """Make the site of a workspace; its own templates win over the starter's."""
        return cls(
            workspace=workspace,
            store=store,
            tokens=Tokens(workspace.keys()),
            writer=Writer(store),
            templates=_environment(workspace),
            clock=clock,
        )

    @property
    def settings(self) -> Settings:
        """The settings of the workspace."""
        return self.workspace.settings

    @property
    def https(self) -> bool:
        """Whether readers reach the site by https."""
        return self.settings.public_url.startswith("https:")

    @property
    def contact(self) -> str:
        """The address that a reader may write to."""
        return self.settings.sender.reply_to or self.settings.sender.address

    def language_of(self, request: Request) -> str:
        """Choose the language of a page whose reader is not known."""
        return accepted(request.headers.get("accept-language", ""), self.settings.language)

    def language_for(self, language: str) -> str:
        """Choose the language of a page for a subscriber with that language."""
        return spoken(language, self.settings.language)

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
        text = self.templates.get_template(f"{name}.html.j2").render(
            self._shared(language), **values
        )
        return HTMLResponse(text, status, {"Content-Language": language, **(headers or {})})

    def asset(self, name: str) -> str:
        """Render a style sheet or picture of the house, in the theme's colours."""
        return self.templates.get_template(f"{name}.j2").render(theme=self.settings.theme)

    def _shared(self, language: str) -> dict[str, Any]:
        settings = self.settings
        return {
            "_": partial(translate, language=language),
            "language": language,
            "root": urlsplit(settings.public_url).path,
            "masthead": settings.masthead,
            "tagline": pick(settings.masthead.tagline, language, settings.language),
            "sender": settings.sender,
            "contact": self.contact,
            "style": hashlib.sha256(self.asset("site.css").encode()).hexdigest()[:12],
        }


def _environment(workspace: Workspace) -> Environment:
    folders = [workspace.templates / "web", workspaces.starter() / "templates" / "web"]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html.j2", "svg.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def _site(request: Request) -> Site:
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


Here = Annotated[Site, Depends(_site)]
"""What an endpoint writes to be given its site."""
