"""A provider that cannot carry our way to leave is refused before anything is planned."""

import pytest

from newsletter.errors import InputError
from newsletter.providers import Capabilities, guard


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
