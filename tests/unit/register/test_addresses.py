"""The fast path and the judge (email-validator) give the same answer."""

import itertools

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.register import addresses
from newsletter.register.addresses import AddressError, key, normalise

LOCALS = (
    "aino", "Aino", "a", "aino.lehto", "aino..lehto", ".aino", "aino.", "aino+kirje", "a&b", "a'b",
    "a b", "a\tb", '"aino"', '"ai no"', "a,b", "a(b)", "a@b", "x" * 64, "x" * 65, "Info", "INFO",
    "abuse", "äiti", "a\u0308iti", "a\u200bb", "a\x00b", "", "-", "_", "a/b", "a=b", "%", "~", "😀",
    "a\\b", "a;b", "a<b", "a" * 40 + "." + "b" * 23,
)  # fmt: skip
DOMAINS = (
    "example.com", "EXAMPLE.COM", "example", "example.", ".example.com", "a..b", "-a.com",
    "a-.com", "a_b.com", "localhost", "foo.test", "foo.local", "foo.invalid", "a.onion",
    "example.c", "192.0.2.1", "[192.0.2.1]", "a.123", "sysmä.fi", "SYSMÄ.fi", "sysma\u0308.fi",
    "xn--sysm-ooa.fi", "xn--zzzz.fi", "ab--c.fi", "x" * 63 + ".fi", "x" * 64 + ".fi",
    ".".join(["x" * 60] * 4) + ".fi", ".".join(["x" * 61] * 3) + ".fi",
    ".".join(["x" * 62] * 3) + ".f.fi", "münchen.de", "例え.jp", "a。fi", "exam ple.com",
    "a.b.c.d.e.fi", "", "ex@mple.com", "straße.de", "a\x00.fi", "\u202ea.fi", "1.אב.com",
)  # fmt: skip


def judged(address: str) -> str | None:
    """Ask email-validator alone; None when it refuses."""
    try:
        found = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return None
    return f"{address.rpartition('@')[0]}@{found.ascii_domain}"


def ours(address: str) -> str | None:
    try:
        return normalise(address)
    except AddressError:
        return None


@pytest.mark.parametrize("domain", DOMAINS)
def test_odd_addresses_get_the_same_answer_as_from_the_judge(domain: str) -> None:
    for local, at in itertools.product(LOCALS, ("@", "", "@@")):
        address = f"{local}{at}{domain}".strip()

        # Composed letters first: that is our own step, before anybody judges.
        assert ours(address) == judged(address.replace("a\u0308", "ä"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("aZ09.-_+@ä\"' x"), max_size=30))
def test_random_addresses_get_the_same_answer_as_from_the_judge(text: str) -> None:
    assert ours(text) == judged(text.strip())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(LOCALS), st.sampled_from(DOMAINS))
def test_normalising_twice_changes_nothing(local: str, domain: str) -> None:
    if once := ours(f"{local}@{domain}"):
        assert normalise(once) == once


def test_most_addresses_never_reach_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    normalise("first@once-judged.example.com")
    reached: list[str] = []
    monkeypatch.setattr(addresses, "_judged", reached.append)

    normalise("second@once-judged.example.com")

    assert reached == []


def test_the_part_before_the_at_stays_as_given_and_the_domain_becomes_an_a_label() -> None:
    assert normalise("  Aino.Lehto+Kirje@SYSMÄ.fi ") == "Aino.Lehto+Kirje@xn--sysm-ooa.fi"
    assert normalise("INFO@Example.com") == "INFO@example.com"


def test_addresses_that_differ_only_in_case_count_as_the_same() -> None:
    assert key(normalise("Aino@Example.com")) == key(normalise("aino@example.COM"))


def test_dots_and_plus_tags_tell_people_apart() -> None:
    assert len({key(normalise(f"{x}@example.com")) for x in ("ab", "a.b", "ab+c")}) == 3


def test_letters_outside_ascii_before_the_at_are_refused_with_a_clear_text() -> None:
    with pytest.raises(AddressError, match="'ä', 'ö' before the @") as caught:
        normalise("väinö@example.com")

    assert "cannot be mailed" in caught.value.message
    assert "spelling without" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("aino", "must have an @-sign"),
        ("aino@localhost", "should have a period"),
        ("aino@foo.test", "special-use or reserved"),
        ("aino@b..fi", "two periods in a row"),
        (f"aino@{'x' * 250}.fi", "too many"),
    ],
)
def test_the_reason_is_told_in_lower_case_without_full_stop(address: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason) as caught:
        normalise(address)

    told = caught.value.message
    assert not told.endswith(".")
    assert " is no address: " in told
    assert len(told) < 250
