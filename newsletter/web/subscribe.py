"""/subscribe: the public form. A POST queues a mail; who has the address must confirm by its link.

The answer is the same whoever the address belongs to (project rule D08). A form on another site may
post here as well: it has no token of ours, so its reader sees what it sent and presses once more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response

from newsletter.i18n import span, translate
from newsletter.register import terms
from newsletter.register.entries import Entry
from newsletter.web import entering, forms, taking
from newsletter.web.body import Body, Form, read_form
from newsletter.web.entering import Given
from newsletter.web.site import Here, Site
from newsletter.web.taking import Asker

TRAP: Final = "homepage"
"""A field that no person sees: whoever fills it in is a machine."""
SHOWN: Final = "shown"
"""The field with the token that says when the form was shown."""
OFFERED: Final = "offered"
"""The lists that the consent named, one field each."""

_OLDEST: Final = timedelta(days=1)
_EARLY: Final = timedelta(minutes=5)
"""How far the clocks of several machines may be apart."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The form as it is filled in."""

    given: Given
    offered: tuple[str, ...]
    """The lists that the consent names; of a single one there is nothing to choose."""
    faults: Mapping[str, str] = field(default_factory=dict)
    quick: bool = False
    """Whether it was sent in faster than a person can."""


def show(request: Request, site: Here) -> Response:
    """Show the form; `?list=ID` offers that list alone."""
    language = site.language_of(request)
    if not taking.is_open(site.settings):
        return _closed(site, language)
    offered = _offered(site, request.query_params.getlist(forms.LISTS)[:1])
    given = Given(
        address="",
        lists=offered if len(offered) == 1 else (),
        language=entering.default_language(site.settings, language),
        values={},
    )
    return _form(site, language, _Sheet(given, offered))


async def receive(request: Request, site: Here, body: Body) -> Response:
    """Take a form in; the subscription begins when its link is confirmed."""
    language = site.language_of(request)
    if not taking.is_open(site.settings):
        return _closed(site, language, status=403)
    form = read_form(request.headers.get("content-type", ""), body)
    given = entering.read(form, site.settings, language)
    sheet = _Sheet(given, _offered(site, form.every(OFFERED), given.lists))
    checked = entering.check(given, site.settings, language)
    if checked.entry is None:
        return _form(site, language, replace(sheet, faults=checked.faults))
    if form.one(TRAP):
        return _asked(site, language, checked.entry)
    return await _judge(site, request, sheet, checked.entry, _shown(form, site))


async def _judge(
    site: Site, request: Request, sheet: _Sheet, entry: Entry, shown: datetime | None
) -> Response:
    """Take in what is filled in rightly, if it was filled in by a person."""
    language = site.language_of(request)
    if shown is None:
        return _ready(site, language, sheet.given, entry)
    if site.clock() - shown < _pause(site):
        return _form(site, language, replace(sheet, quick=True))
    url = f"{site.settings.public_url}/subscribe"
    asker = Asker(taking.network_of(request), url, "page", language)
    if fault := await taking.take(site, entry, sheet.given.lists, sheet.offered, asker):
        return _form(site, language, replace(sheet, faults={forms.ADDRESS: fault}))
    return taking.answered(site, _asked(site, language, entry))


def _offered(site: Site, wished: Sequence[str], chosen: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the lists that a form offers: those wished for, unless some chosen one is missing."""
    public = tuple(item.id for item in site.settings.public_lists)
    offered = tuple(name for name in public if name in wished)
    return offered if offered and set(chosen) <= set(offered) else public


def _shown(form: Form, site: Site) -> datetime | None:
    """Tell when the form was shown; None when we did not show it, or it was long ago."""
    shown = site.tokens.read_form(form.one(SHOWN))
    if shown is None or not -_EARLY < site.clock() - shown < _OLDEST:
        return None
    return shown


def _pause(site: Site) -> timedelta:
    return timedelta(seconds=site.settings.subscribe.minimum_seconds)


def _form(site: Site, language: str, sheet: _Sheet) -> Response:
    settings, given = site.settings, sheet.given
    single = len(sheet.offered) == 1
    public = tuple(item.id for item in settings.public_lists)
    offered = sheet.offered if single else public
    controls = [
        forms.address(language, given.address),
        *([] if single else [forms.lists(settings, language, given.lists)]),
        *forms.details(settings, language, given.values),
    ]
    if len(forms.tongues(settings)) > 1:
        controls.append(forms.tongue(settings, language, given.language))
    # Whoever was too quick, or had a fault to mend, has been looking at the form for long enough.
    since = site.clock() - (_pause(site) if sheet.quick or sheet.faults else timedelta())
    return site.page(
        "subscribe",
        language,
        status=422 if sheet.faults else 200,
        headers={"Vary": "Accept-Language"},
        controls=forms.faulted(controls, sheet.faults),
        wrong=bool(sheet.faults),
        quick=sheet.quick,
        single=forms.list_option(settings, language, offered[0]) if single else None,
        offered=offered,
        shown=site.tokens.form(since),
        consent=terms.consent_text(settings, offered, language),
        notice=terms.notice(settings, language),
    )


def _ready(site: Site, language: str, given: Given, entry: Entry) -> Response:
    """Show what a form elsewhere sent, with the consent and our token, and one button."""
    settings = site.settings
    values = {name: value for name, value in entry.values().items() if name in given.values}
    names = [forms.list_option(settings, language, name).label for name in given.lists]
    asked = forms.details(settings, language, values)
    kept = [
        (forms.ADDRESS, entry.address),
        (forms.LANGUAGE, given.language),
        *((name, value) for value in given.lists for name in (forms.LISTS, OFFERED)),
        *((control.name, control.value) for control in asked),
    ]
    told = [
        (translate("E-mail address", language), entry.address),
        (translate("Letters that you get", language), ", ".join(names)),
        *((control.label, control.said) for control in asked if control.value),
        (translate("Language of the letters", language), forms.own_name(given.language)),
    ]
    return site.page(
        "ready",
        language,
        told=told,
        kept=kept,
        shown=site.tokens.form(site.clock() - _pause(site)),
        consent=terms.consent_text(settings, given.lists, language),
        notice=terms.notice(settings, language),
    )


def _asked(site: Site, language: str, entry: Entry) -> Response:
    """Say what happens next, in the same words for everybody."""
    time = span(site.settings.subscribe.confirm_days, "day", language)
    return site.page("asked", language, address=entry.address, time=time)


def _closed(site: Site, language: str, *, status: int = 200) -> Response:
    return site.page("closed", language, status=status, headers={"Vary": "Accept-Language"})
