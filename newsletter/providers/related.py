"""Images that travel with the HTML: multipart/related (RFC 2387), written and read back."""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from functools import lru_cache
from typing import Final

from newsletter.errors import InputError

_BOUNDARY: Final = "=_newsletter_related_=_"
"""As with the alternative parts: neither encoding can write it."""
_TYPES: Final = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
_LINE: Final = 57
"""Bytes that make the 76 characters of a line in base64 (RFC 2045 §6.8)."""
_LONGEST_LINE: Final = 76
_CONTENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,80}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""The part of RFC 2392 that is the same in a header and in an address: nothing to escape."""
_SHOWN: Final = re.compile(r"\bsrc=\"cid:([^\"]*)\"")


def wrap(html: bytes, images: Mapping[str, bytes]) -> bytes:
    """Put the images of an HTML part, by their Content-IDs, together with it into one part.

    Raises InputError for a Content-ID or a kind of file that no mail can carry.
    """
    head = f'Content-Type: multipart/related; type="text/html"; boundary="{_BOUNDARY}"\r\n'
    mark = f"--{_BOUNDARY}".encode()
    parts = [html, *(_image(name, content) for name, content in images.items())]
    pieces = [piece for part in parts for piece in (mark, part)]
    return b"\r\n".join([head.encode("ascii"), *pieces, mark + b"--", b""])


@lru_cache(maxsize=64)
def _image(content_id: str, content: bytes) -> bytes:
    """Write one image; it is the same for every recipient."""
    name, kind = _named(content_id)
    fields = (
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        f"Content-ID: <{content_id}>",
        f'Content-Disposition: inline; filename="{name}"',
    )
    lines = (
        binascii.b2a_base64(content[start : start + _LINE], newline=False)
        for start in range(0, len(content), _LINE)
    )
    return b"\r\n".join([*(field.encode("ascii") for field in fields), b"", *lines, b""])


def _named(content_id: str) -> tuple[str, str]:
    """Give an image's file name and kind; raises InputError for what no mail can carry."""
    name = content_id.partition("@")[0]
    kind = _TYPES.get(name.rpartition(".")[2])
    if kind is None or not _CONTENT_ID.fullmatch(content_id):
        raise InputError(f"no image that a mail can carry: {content_id!r}")
    return name, kind


@dataclass(frozen=True, slots=True)
class Image:
    """An image as vendors want it that put the mail together themselves."""

    content_id: str
    """Without angle brackets, as the HTML names it behind `cid:`."""
    name: str
    kind: str
    data: str
    """In base64, on one line."""


def listed(images: Mapping[str, bytes]) -> list[Image]:
    """Write images for a call in JSON; raises InputError for what no mail can carry."""
    return [
        Image(content_id, *_named(content_id), binascii.b2a_base64(data, newline=False).decode())
        for content_id, data in images.items()
    ]


def attachments(images: Mapping[str, bytes]) -> dict[str, list[dict[str, str]]]:
    """Write images as SendGrid and Mailtrap take them beside other fields; empty where none is."""
    found = [
        {
            "content": image.data,
            "type": image.kind,
            "filename": image.name,
            "disposition": "inline",
            "content_id": image.content_id,
        }
        for image in listed(images)
    ]
    return {"attachments": found} if found else {}


def open_parts(message: EmailMessage) -> tuple[list[MIMEPart], list[str]]:
    """Give a message's bodies, and what is wrong with the images that travel with them."""
    bodies: list[MIMEPart] = []
    faults: list[str] = []
    for part in message.iter_parts() if message.is_multipart() else [message]:
        html, images = part, []
        if part.get_content_type() == "multipart/related" and part.is_multipart():
            html, *images = part.iter_parts()
            if part.get_param("type") != html.get_content_type():
                faults.append("multipart/related does not say the type of its first part")
        faults += _carriage_faults(html, images)
        bodies.append(html)
    return bodies, faults


def _carriage_faults(html: MIMEPart, images: list[MIMEPart]) -> list[str]:
    body = html.get_payload(decode=True)
    shown = set(_SHOWN.findall(body.decode("utf-8", "replace") if isinstance(body, bytes) else ""))
    carried = [str(image.get("Content-ID", "")).strip("<>") for image in images]
    faults = [
        f"no image {name!r} travels with the HTML" for name in sorted(shown.difference(carried))
    ]
    for name, image in zip(carried, images, strict=True):
        faults += [f"image {name!r}: {fault}" for fault in _image_faults(image)]
        if name not in shown or carried.count(name) > 1:
            faults.append(f"image {name!r} is shown nowhere, or is there twice")
    return faults


def _image_faults(image: MIMEPart) -> list[str]:
    faults = []
    if image.get_content_type() not in _TYPES.values():
        faults.append(f"{image.get_content_type()} is no type that every client shows")
    if image.get("Content-Transfer-Encoding") != "base64":
        faults.append("it is not in base64")
    if image.get_content_disposition() != "inline":
        faults.append("it is not inline")
    lines = str(image.get_payload()).splitlines()
    if max((len(line) for line in lines), default=0) > _LONGEST_LINE:
        faults.append(f"an encoded line of more than {_LONGEST_LINE} characters")
    return faults
