"""One edition in the making: each part is written when somebody looks at it.

`render` makes all parts, as a mailing needs them. Somebody who writes looks at one at a time, and
waits for it.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from newsletter.issue.issue import Issue
from newsletter.issue.template import Template
from newsletter.render.finish import to_html
from newsletter.render.gallery import Gallery
from newsletter.render.page import Page
from newsletter.settings import Settings


class Draft:
    """One language and variant of an issue; reading a part raises InputError as `render` does."""

    def __init__(
        self,
        issue: Issue,
        *,
        name: str,
        settings: Settings,
        folders: Sequence[Path],
        gallery: Gallery,
        variant: str = "",
    ) -> None:
        self._page = Page(
            issue, name=name, settings=settings, folders=folders, gallery=gallery, variant=variant
        )

    @cached_property
    def subject(self) -> Template:
        """The subject."""
        return self._page.places.cut_text(self._page.subject)

    @cached_property
    def preheader(self) -> Template:
        """What inboxes show beside the subject."""
        return self._page.places.cut_text(self._page.preheader)

    @cached_property
    def html(self) -> Template:
        """The HTML, the same bytes as `render` makes."""
        page = self._page
        html = to_html(
            self._mjml, language=page.language, markers=page.markers, languages=page.languages
        )
        return page.places.cut_html(html)

    @cached_property
    def text(self) -> Template:
        """The plain text."""
        return self._page.places.cut_text(self._page.text())

    @cached_property
    def mjml(self) -> Template:
        """The MJML that the HTML is made of."""
        return self._page.places.cut_text(self._mjml)

    @cached_property
    def _mjml(self) -> str:
        return self._page.mjml()
