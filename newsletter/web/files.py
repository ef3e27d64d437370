"""GET /media/… (images of sent mails) and GET /assets/… (the style sheet and icon of the pages)."""

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.render import emblem
from newsletter.web.guard import FILE_POLICY
from newsletter.web.site import Here

_FOR_EVER: Final = "public, max-age=31536000, immutable"
"""For what is named by its content, or asked for with its digest."""

_MEDIA_NAME: Final = re.compile(r"[0-9a-f]{12,64}\.([a-z0-9]{2,5})")
_MEDIA_TYPES: Final = {
    "gif": "image/gif",
    "ics": "text/calendar; charset=utf-8",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
_CSS: Final = "text/css; charset=utf-8"
_ASSET_TYPES: Final = {"site.css": _CSS, "copy.css": _CSS, "icon.svg": "image/svg+xml"}


def media(name: str, site: Here) -> Response:
    """Give an image that a sent mail links to, by its content-hash name."""
    match = _MEDIA_NAME.fullmatch(name)
    if not match or not (kind := _MEDIA_TYPES.get(match[1])):
        raise HTTPException(404)
    try:
        content = (site.workspace.media / name).read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise HTTPException(404) from error
    headers = {
        "Cache-Control": _FOR_EVER,
        "Content-Security-Policy": FILE_POLICY,
        # Web mail shows the image inside a page of its own.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(content, media_type=kind, headers=headers)


def asset(name: str, site: Here) -> Response:
    """Give a style sheet or picture of the house.

    Pages ask for it with its digest, so it may be kept; the emblem of the EU does not change.
    """
    if name == "emblem.png":
        return Response(emblem.png(), media_type="image/png", headers={"Cache-Control": _FOR_EVER})
    if name not in _ASSET_TYPES:
        raise HTTPException(404)
    headers = {"Cache-Control": _FOR_EVER}
    return Response(site.asset(name), media_type=_ASSET_TYPES[name], headers=headers)


def icon(site: Here) -> Response:
    """Give the icon where browsers look for it by themselves: beside the copy of a mail."""
    return asset("icon.svg", site)
