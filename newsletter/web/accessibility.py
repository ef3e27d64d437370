"""GET /accessibility: the statement that the law asks for (306/2019), linked from every page."""

from fastapi import Request
from markupsafe import Markup
from starlette.responses import Response

from newsletter.legal import accessibility, page
from newsletter.web.site import Here


def show(request: Request, site: Here) -> Response:
    """Show the statement of the workspace, in the reader's language."""
    language = site.language_of(request)
    statement = accessibility(site.workspace, language)
    return site.page(
        "accessibility",
        language,
        headers={"Vary": "Accept-Language"},
        title=statement.title,
        statement=Markup(page(statement)),  # noqa: S704 - made of Markdown, without raw HTML
    )
