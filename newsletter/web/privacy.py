"""GET /privacy: the privacy notice of the form, by itself (GDPR art. 13)."""

from fastapi import Request
from starlette.responses import Response

from newsletter.register import terms
from newsletter.web.site import Here


def show(request: Request, site: Here) -> Response:
    """Show what people are told before they subscribe, for whoever wants to read it again."""
    language = site.language_of(request)
    return site.page(
        "privacy",
        language,
        headers={"Vary": "Accept-Language"},
        notice=terms.notice(site.settings, language),
    )
