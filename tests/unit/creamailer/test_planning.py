"""One address at a time: what is decided, and that doing it leaves nothing to do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.creamailer.answers import Row
from newsletter.creamailer.planning import REMARKS, Both, Kind, Ours, Step, decide
from newsletter.creamailer.spool import BARRED, THERE, Status, Theirs
from newsletter.register.subscriptions import State
from newsletter.testing import NOW

A, B = "a", "b"
ADDRESS = "aino@example.com"
LATER = NOW + timedelta(days=9)


def theirs(status: Status, *active: str) -> Theirs:
    mailed = active or ((ADDRESS,) if status in THERE else ())
    return Theirs(status, ADDRESS, mailed)


def both(
    ours: Mapping[str, Ours] | None = None,
    theirs: Mapping[str, Theirs] | None = None,
    **more: object,
) -> Both:
    known = 1 if ours else None
    return replace(
        Both(ADDRESS, ADDRESS, known, ours or {}, theirs or {}),
        **more,  # type: ignore[arg-type] # the values of Both
    )


def kinds(who: Both, *, terms: bool = True) -> list[tuple[Kind, str]]:
    return [(step.kind, step.list_id) for step in decide(who, [A, B], now=NOW, terms=terms)]


ACTIVE, LEFT = Ours(State.ACTIVE), Ours(State.LEFT)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (both({A: ACTIVE}, {A: theirs(Status.ACTIVE)}), []),
        (both({A: ACTIVE}), [(Kind.BRING, A)]),
        (both({}, {A: theirs(Status.ACTIVE)}), [(Kind.TAKE, A)]),
        (both({A: LEFT}, {A: theirs(Status.ACTIVE)}), [(Kind.UNSUBSCRIBE_THERE, A)]),
        (both({A: LEFT}), []),
        (both({A: ACTIVE}, {A: theirs(Status.UNSUBSCRIBED)}), [(Kind.LEAVE_HERE, A)]),
        (both({A: ACTIVE}, {A: theirs(Status.DELETED)}), [(Kind.LEAVE_HERE, A)]),
        (both({}, {A: theirs(Status.UNSUBSCRIBED)}), [(Kind.REMEMBER_HERE, A)]),
        (
            both({A: ACTIVE}, {A: theirs(Status.BOUNCED), B: theirs(Status.ACTIVE)}),
            [(Kind.SUPPRESS_HERE, ""), (Kind.UNSUBSCRIBE_THERE, B), (Kind.SUPPRESS_THERE, "")],
        ),
        (both({}, {A: theirs(Status.SPAMREPORT)}), [(Kind.SUPPRESS_HERE, "")]),
        (both({A: ACTIVE}, suppressed_there=True), [(Kind.SUPPRESS_HERE, "")]),
        (
            both({}, {A: theirs(Status.ACTIVE)}, suppressed_here="erased"),
            [(Kind.UNSUBSCRIBE_THERE, A), (Kind.SUPPRESS_THERE, "")],
        ),
        (
            both({}, {A: theirs(Status.ACTIVE)}, suppressed_here="left"),
            [(Kind.UNSUBSCRIBE_THERE, A)],
        ),
        (both({}, {A: theirs(Status.UNSUBSCRIBED)}, suppressed_here="left"), []),
        (both({A: Ours(State.PENDING)}, {A: theirs(Status.ACTIVE)}), [(Kind.PENDING, A)]),
        (both({A: Ours(State.PENDING)}), []),
        (both({A: Ours(State.PAUSED, LATER)}, {A: theirs(Status.ACTIVE)}), [(Kind.PAUSED, A)]),
        (both({A: Ours(State.PAUSED, LATER)}), []),
        (both({A: Ours(State.PAUSED, NOW)}), [(Kind.BRING, A)]),
        (
            both({A: Ours(State.PAUSED, LATER)}, {A: theirs(Status.UNSUBSCRIBED)}),
            [(Kind.LEAVE_HERE, A)],
        ),
        (both({}, {A: theirs(Status.ACTIVE)}, moved=True), [(Kind.UNSUBSCRIBE_THERE, A)]),
        (both({}, {A: theirs(Status.UNSUBSCRIBED)}, moved=True), []),
        (both({}, {A: theirs(Status.ACTIVE)}, address=None), [(Kind.INVALID, A)]),
        (both({A: ACTIVE}, {A: theirs(Status.UNSURE)}), [(Kind.BRING, A)]),
        (both({A: LEFT}, {A: theirs(Status.UNSURE)}), [(Kind.UNSUBSCRIBE_THERE, A)]),
    ],
)
def test_each_case(who: Both, expected: list[tuple[Kind, str]]) -> None:
    assert kinds(who) == expected


def test_without_terms_nobody_is_taken() -> None:
    assert kinds(both({}, {A: theirs(Status.ACTIVE)}), terms=False) == [(Kind.NOT_TAKEN, A)]


def test_every_spelling_that_is_mailed_there_is_taken_off() -> None:
    there = Theirs(Status.ACTIVE, ADDRESS, ("Aino@example.com", "aino@example.com"))

    steps = list(decide(both({A: LEFT}, {A: there}), [A], now=NOW, terms=False))

    assert [step.address for step in steps] == ["Aino@example.com", "aino@example.com"]


def test_who_left_by_one_spelling_has_left_by_the_other() -> None:
    there = theirs(Status.ACTIVE).joined_by(Status.UNSUBSCRIBED, Row("AINO@example.com", {}))

    assert kinds(both({A: ACTIVE}, {A: there})) == [
        (Kind.LEAVE_HERE, A),
        (Kind.UNSUBSCRIBE_THERE, A),
    ]


ours_strategy = st.builds(Ours, st.sampled_from(list(State)), st.sampled_from([None, NOW, LATER]))
theirs_strategy = st.builds(
    theirs, st.sampled_from([s for s in Status if s is not Status.SUPPRESSED])
)
whoever = st.builds(
    both,
    st.dictionaries(st.sampled_from([A, B]), ours_strategy),
    st.dictionaries(st.sampled_from([A, B]), theirs_strategy),
    suppressed_here=st.sampled_from(["", "", "erased", "left"]),
    suppressed_there=st.booleans(),
    moved=st.booleans(),
    address=st.sampled_from([ADDRESS, ADDRESS, None]),
)


def done(who: Both, step: Step) -> Both:
    """Make of both sides what a step makes of them."""
    ours, there, name = dict(who.ours), dict(who.theirs), step.list_id
    match step.kind:
        case Kind.LEAVE_HERE | Kind.REMEMBER_HERE:
            ours[name] = LEFT
        case Kind.TAKE:
            ours[name] = ACTIVE
        case Kind.SUPPRESS_HERE:
            cleaned = {key: Ours(State.CLEANED) for key in ours}
            return replace(who, ours=cleaned, suppressed_here=step.reason)
        case Kind.SUPPRESS_THERE:
            return replace(who, suppressed_there=True)
        case Kind.UNSUBSCRIBE_THERE:
            there[name] = there[name].joined_by(Status.UNSUBSCRIBED, Row(step.address, {}))
        case Kind.BRING:
            there[name] = theirs(Status.ACTIVE)
    return replace(who, ours=ours, theirs=there, subscriber_id=1 if ours else None)


@given(whoever)
def test_done_to_the_end_it_leaves_nothing_to_do_and_nobody_mailed_who_left(who: Both) -> None:
    if who.address is None and who.ours:  # somebody of ours can always be mailed
        who = replace(who, address=ADDRESS)
    end = who
    for _ in range(20):
        steps = [s for s in decide(end, [A, B], now=NOW, terms=True) if s.kind not in REMARKS]
        if not steps:
            break
        end = done(end, steps[0])

    assert not [s for s in decide(end, [A, B], now=NOW, terms=True) if s.kind not in REMARKS]
    barred = who.suppressed_here or who.suppressed_there or BARRED & {
        each.status for each in who.theirs.values()
    }  # fmt: skip
    for name in (A, B):
        ours, there = end.ours.get(name), end.theirs.get(name)
        mailed_there = bool(there and there.active) and not end.suppressed_there
        mailed_here = ours is not None and ours.state is State.ACTIVE and not end.suppressed_here
        left = (name in who.ours and who.ours[name].state in {State.LEFT, State.CLEANED}) or (
            name in who.theirs and who.theirs[name].status not in THERE
        )
        if barred or left:
            assert not mailed_there
            assert not mailed_here
