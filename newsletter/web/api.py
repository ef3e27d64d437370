"""POST /api/subscriptions: the same as the form, for a program or a script of another site.

Browsers let scripts of other sites in only where [subscribe] origins names them. Whoever writes
such a form shows the consent and the privacy notice there (`newsletter form` prints both); they
stand once more on the page where the subscription is confirmed.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from newsletter.i18n import translate
from newsletter.register.entries import Entry
from newsletter.web import entering, forms, origins, taking
from newsletter.web.body import Body, media_type
from newsletter.web.entering import Given
from newsletter.web.site import Here, Site
from newsletter.web.taking import Asker

_LONGEST: Final = 500
_ONE_DAY: Final = "86400"

Text = Annotated[str, Field(max_length=_LONGEST)]


class Subscription(BaseModel):
    """What somebody wants to get, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    address: Text
    """The mail address."""
    lists: list[Text] | None = Field(default=None, max_length=100)
    """Ids of public lists; where there is but one, it need not be named."""
    language: Text | None = None
    """The language of the letters and of the answer: fi, sv, en; default: `?language`, else
    Accept-Language."""
    first_name: Text = ""
    """Taken where the settings ask for names."""
    last_name: Text = ""
    fields: dict[Text, Text] = Field(default_factory=dict, max_length=100)
    """Those of the settings that are asked for."""


class Accepted(BaseModel):
    """Taken in: a mail goes to the address, unless one did lately. The same for every address."""

    status: str = "accepted"
    message: str
    """For the reader, in their language."""


class Fault(BaseModel):
    """What is wrong with one value."""

    field: str
    """Its name, e.g. address or fields.municipality; empty: the body as a whole."""
    message: str
    """For the reader, in their language."""


class Faulty(BaseModel):
    """Nothing was changed."""

    status: str = "faulty"
    faults: list[Fault]


async def receive(request: Request, site: Here, body: Body) -> Response:
    """Take an application in; it becomes a subscription when its link is confirmed."""
    language = site.language_of(request)
    try:
        sent = _read(request, site, body)
    except ValidationError as error:
        return _faulty(site, request, language, _of_shape(error, language))
    except ValueError:  # no JSON
        unreadable = translate("The request could not be read", language)
        return _faulty(site, request, language, {"": unreadable})
    language = site.language_for(sent.language or language)
    given, faults = _given(sent, site, language)
    checked = entering.check(given, site.settings, language)
    faults |= {_name(control): text for control, text in checked.faults.items()}
    if checked.entry is not None and not faults:
        faults = await _take(site, request, checked.entry, given.lists, language)
    if faults or checked.entry is None:
        return _faulty(site, request, language, faults)
    address = checked.entry.address
    message = translate("A message is on its way to {address}.", language, address=address)
    accepted = _answer(site, request, language, 202, Accepted(message=message))
    return taking.answered(site, accepted)


def _read(request: Request, site: Site, body: bytes) -> Subscription:
    """Read the body; raises ValueError for what is none, HTTPException 403 and 415."""
    if not taking.is_open(site.settings):
        raise HTTPException(403)
    if media_type(request.headers.get("content-type", "")) != "application/json":
        raise HTTPException(415)
    return Subscription.model_validate(orjson.loads(body))


async def _take(
    site: Site, request: Request, entry: Entry, lists: Sequence[str], language: str
) -> dict[str, str]:
    form = request.headers.get("origin") or f"{site.settings.public_url}/api/subscriptions"
    asker = Asker(taking.network_of(request), form[:_LONGEST], "json", language)
    fault = await taking.take(site, entry, lists, lists, asker)
    return {forms.ADDRESS: fault} if fault else {}


async def preflight(request: Request, site: Here) -> Response:
    """Tell a browser whether a script of another site may post here (CORS)."""
    allowed = origins.allowed(site, request)
    if allowed:
        allowed |= {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": _ONE_DAY,
        }
    return Response(None, 204, {"Allow": "OPTIONS, POST", "Vary": "Origin", **allowed})


def _given(sent: Subscription, site: Site, language: str) -> tuple[Given, dict[str, str]]:
    """Take what is asked for; what is not is a fault here, since a program should know."""
    settings = site.settings
    names = {"first_name": sent.first_name, "last_name": sent.last_name}
    asked = forms.asked_fields(settings)
    unknown = translate("This is not asked for.", language)
    faults = {f"fields.{name}": unknown for name in sent.fields if name not in asked}
    if not settings.subscribe.names:
        faults |= {name: unknown for name, value in names.items() if value}
        names = {}
    values = names | {name: sent.fields.get(name, "") for name in asked}
    lists = tuple(dict.fromkeys(sent.lists or ())) or entering.only_list(settings)
    spoken = sent.language or entering.default_language(settings, language)
    return Given(sent.address, lists, spoken, values), faults


def _name(control: str) -> str:
    """Name a value as the body does."""
    if control == forms.LISTS:
        return "lists"
    if control.startswith(forms.FIELD):
        return f"fields.{control.removeprefix(forms.FIELD)}"
    return control


def _of_shape(error: ValidationError, language: str) -> dict[str, str]:
    """Say which values have the wrong shape, or are not asked for, or are missing."""
    said = {
        "missing": translate("This is missing.", language),
        "extra_forbidden": translate("This is not asked for.", language),
    }
    wrong = translate("This has the wrong form.", language)
    return {
        ".".join(str(part) for part in fault["loc"])[:_LONGEST]: said.get(fault["type"], wrong)
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    }


def _faulty(site: Site, request: Request, language: str, faults: Mapping[str, str]) -> Response:
    listed = [Fault(field=name, message=message) for name, message in faults.items()]
    return _answer(site, request, language, 422, Faulty(faults=listed))


def _answer(
    site: Site, request: Request, language: str, status: int, content: BaseModel
) -> Response:
    headers = {
        "Content-Language": language,
        "Vary": "Origin, Accept-Language",
        **origins.allowed(site, request),
    }
    return JSONResponse(content.model_dump(), status, headers)
