"""A provider that cannot carry our way to leave is refused before anything is planned."""

import pytest

from newsletter import providers
from newsletter.errors import InputError, ProviderError
from newsletter.providers import Capabilities, guard
from newsletter.testing.batches import make_message


@pytest.mark.parametrize(
    ("own", "why"), [("overwritten", "in place of ours"), ("no", "cannot carry")]
)
def test_a_provider_without_our_way_to_leave_is_refused(own: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        guard.refuse_clash(Capabilities("Clash", 1, own))  # type: ignore[arg-type]

    assert "another provider" in caught.value.hint


@pytest.mark.parametrize("own", ["yes", "plan", "approval"])
def test_a_provider_that_can_carry_it_is_not(own: str) -> None:
    guard.refuse_clash(Capabilities("Fine", 1, own))  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["List-Unsubscribe", "List-Unsubscribe-Post"])
def test_a_provider_that_drops_our_way_to_leave_is_refused(field: str) -> None:
    can = Capabilities("Dropper", 1, "yes", without_headers=frozenset({field, "List-Id"}))

    with pytest.raises(ProviderError, match=f"Dropper does not carry {field}$"):
        guard.refuse_dropped(make_message(), can)


def test_a_provider_that_drops_what_mails_can_do_without_is_not() -> None:
    can = Capabilities("Fine", 1, "yes", without_headers=frozenset({"List-Id"}))

    guard.refuse_dropped(make_message(), can)
    guard.refuse_dropped(make_message(headers={}), can)


@pytest.mark.parametrize("name", providers.names())
def test_no_driver_says_that_it_keeps_a_way_to_leave_that_it_drops(name: str) -> None:
    can = providers.provider_class(name).capabilities

    if guard.clashes(can):
        with pytest.raises(InputError, match=can.title):
            guard.refuse_clash(can)
    else:
        guard.refuse_clash(can)
        guard.refuse_dropped(make_message(), can)
