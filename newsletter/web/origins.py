"""Whose scripts may read what the JSON endpoint answers (CORS): those that the settings name."""

from fastapi import Request

from newsletter.web.site import Site


def allowed(site: Site, request: Request) -> dict[str, str]:
    """Give the header for a script of a site in [subscribe] origins; never with credentials."""
    origin = request.headers.get("origin", "")
    known = {item.rstrip("/").lower() for item in site.settings.subscribe.origins}
    return {"Access-Control-Allow-Origin": origin} if origin.lower() in known else {}
