"""An issue and a theme become an edition: subject, HTML, plain text and the public copy.

No input or output but templates and images; the same issue, settings and files give the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

from newsletter.issue.edition import Edition
from newsletter.issue.issue import Issue
from newsletter.render.finish import to_html
from newsletter.render.gallery import Gallery
from newsletter.render.page import Page
from newsletter.settings import Settings

__all__ = ["Gallery", "render", "source"]


def render(
    issue: Issue,
    *,
    name: str,
    settings: Settings,
    folders: Sequence[Path],
    gallery: Gallery,
    variant: str = "",
    arm: str = "",
) -> Edition:
    """Render one language and variant of an issue, with the subject of one arm.

    `folders` hold templates, the first wins; `gallery` collects the images. Raises InputError for
    an image, channel or list that does not exist and for a template that is at fault.
    """
    issue = issue.of_arm(arm)
    page = Page(
        issue, name=name, settings=settings, folders=folders, gallery=gallery, variant=variant
    )
    return Edition(
        issue=name,
        language=issue.language,
        variant=variant,
        subject=page.places.cut_text(page.subject),
        html=page.places.cut_html(_html(page)),
        text=page.places.cut_text(page.text()),
        web=page.places.cut_html(_html(page, web=True)).fill({}),
        arm=arm,
    )


def source(
    issue: Issue,
    *,
    name: str,
    settings: Settings,
    folders: Sequence[Path],
    gallery: Gallery,
    variant: str = "",
    arm: str = "",
) -> str:
    """Write the MJML that `render` makes HTML of, a personal field as `{{ name }}`."""
    page = Page(
        issue.of_arm(arm),
        name=name,
        settings=settings,
        folders=folders,
        gallery=gallery,
        variant=variant,
    )
    return page.places.cut_text(page.mjml()).write(lambda slot: f"{{{{ {slot.field} }}}}")


def _html(page: Page, *, web: bool = False) -> str:
    return to_html(
        page.mjml(web=web),
        language=page.language,
        markers=page.markers,
        languages=page.languages,
        web=web,
    )
