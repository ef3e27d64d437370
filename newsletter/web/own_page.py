"""How the page of preferences looks to its reader: one form for each thing that can be changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection
from starlette.responses import Response

from newsletter.i18n import day, span, translate
from newsletter.register import terms
from newsletter.register.subscriptions import State
from newsletter.web import choices, entering, forms, taking
from newsletter.web.choices import NEW, PERIOD, UNTIL, WAS, Answer, Reader
from newsletter.web.forms import Control, Option
from newsletter.web.standing import Place


def render(connection: Connection, reader: Reader, token: str, answer: Answer) -> Response:
    """Render the page, with what came of an act."""
    site, person, now = reader.site, reader.person, reader.now
    held = person.where(now, State.PENDING, State.ACTIVE, State.PAUSED)
    ticked = person.where(now, State.ACTIVE, State.PAUSED)
    suppressed = choices.is_suppressed(connection, site, person, now)
    offered = [] if suppressed else choices.joinable(site, person, now)
    lists = list(dict.fromkeys([*offered, *held]))
    controls = _controls(reader, lists, ticked, answer)
    return site.page(
        "preferences",
        reader.language,
        status=422 if answer.faults else 200,
        token=token,
        address=person.address,
        told=answer.told,
        wrong=bool(answer.faults),
        controls=controls,
        every=[control for part in controls.values() for control in part],
        was=_was(reader, controls["details"]),
        ticked=ticked,
        consent=_consent(reader, offered, ticked),
        cleaned=_names(reader, State.CLEANED),
        suppressed=suppressed,
        subscribed=bool(held),
        pausable=bool(person.mailed(now)),
        paused=bool(person.where(now, State.PAUSED)),
        can_subscribe=taking.is_open(site.settings),
    )


def _consent(reader: Reader, offered: Sequence[str], ticked: Sequence[str]) -> str:
    """Say what a new tick agrees to; empty where there is nothing to be ticked."""
    if set(offered) <= set(ticked):
        return ""
    return terms.consent_text(reader.site.settings, offered, reader.language)


def _controls(
    reader: Reader, lists: Sequence[str], ticked: Sequence[str], answer: Answer
) -> Mapping[str, list[Control]]:
    """Make the controls of each form."""
    label = translate("Letters that you get", reader.language)
    options = tuple(_option(reader, name) for name in lists)
    boxes = Control(forms.LISTS, label, "check", tuple(ticked), options)
    made = {
        "lists": [boxes] if lists else [],
        "pause": _break(reader, answer),
        "details": _details(reader, answer),
        "address": [_address(reader, answer)],
    }
    return {name: forms.faulted(part, answer.faults) for name, part in made.items()}


def _option(reader: Reader, list_id: str) -> Option:
    """Say what a list brings, and that it rests or waits, where it does."""
    settings = reader.site.settings
    if any(item.id == list_id for item in settings.lists):
        option = forms.list_option(settings, reader.language, list_id)
    else:
        option = Option(list_id, list_id)  # the settings have it no more, but one can still leave
    note = _note(reader, reader.person.places.get(list_id))
    return replace(option, hint=f"{option.hint} {note}".strip())


def _note(reader: Reader, place: Place | None) -> str:
    state = place.on(reader.now) if place else None
    if state is State.PENDING:
        return translate("Waits for you: tick the box and save.", reader.language)
    if state is not State.PAUSED or place is None:
        return ""
    if place.paused_until is None:
        return translate("On a break.", reader.language)
    written = day(place.paused_until.astimezone(reader.zone).date(), reader.language)
    return translate("On a break until {day}.", reader.language, day=written)


def _break(reader: Reader, answer: Answer) -> list[Control]:
    language, today = reader.language, reader.today
    form = reader.form.values if answer.faults else {}
    options = [
        Option(
            count,
            translate(
                "{time}: until {day}",
                language,
                time=span(int(count), "month", language),
                day=day(choices.later(today, int(count)), language),
            ),
        )
        for count in choices.MONTHS
    ]
    options.append(Option(choices.A_DAY, translate("Until a day that I choose:", language)))
    how_long = translate("How long?", language)
    until = translate("The first day when letters may come again", language)
    return [
        Control(PERIOD, how_long, "radio", form.get(PERIOD, ()), tuple(options)),
        Control(UNTIL, until, "date", form.get(UNTIL, ())),
    ]


def _details(reader: Reader, answer: Answer) -> list[Control]:
    settings, form = reader.site.settings, reader.form
    values, spoken = reader.person.values, reader.person.language
    if answer.faults and form.one("act") == "details":
        values = {**values, **entering.values_of(form, settings)}
        spoken = form.one(forms.LANGUAGE) or spoken
    details = forms.details(settings, reader.language, values)
    if len(forms.tongues(settings)) > 1:
        return [forms.tongue(settings, reader.language, spoken), *details]
    return details


def _address(reader: Reader, answer: Answer) -> Control:
    return replace(
        forms.address(reader.language, reader.form.one(NEW) if NEW in answer.faults else ""),
        name=NEW,
        label=translate("New e-mail address", reader.language),
    )


def _was(reader: Reader, details: Sequence[Control]) -> list[tuple[str, str]]:
    """Say what the controls of the details show, so that only what differs is a wish."""
    had = {**reader.person.values, forms.LANGUAGE: reader.person.language}
    told = []
    for control in details:
        value = had.get(control.name.removeprefix(forms.FIELD), "")
        # What a select has no option for, it does not show.
        known = not control.options or value in {option.value for option in control.options}
        told.append((WAS + control.name, value if known else ""))
    return told


def _names(reader: Reader, state: State) -> list[str]:
    lists = reader.person.where(reader.now, state)
    return [reader.site.list_name(name, reader.language) for name in lists]
