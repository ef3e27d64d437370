from email import message_from_bytes, policy

from newsletter.issue.edition import Editions
from newsletter.issue.template import Escape, Slot
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.links import Links
from newsletter.providers import mime
from newsletter.register.tokens import Ticket, Tokens, list_digest
from newsletter.settings import Settings
from newsletter.testing import (
    KEYS,
    NOW,
    make_edition,
    make_editions,
    make_settings,
    make_template,
)
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider

TOKENS = Tokens(KEYS)
MAILBOX = "uutiskirje-peru@kirje.example.fi"
"""As long as a name of one may be."""
FIELDS = {"unsubscribe_url", "preferences_url", "first_name"}


def with_mailbox(address: str | None = MAILBOX) -> Settings:
    sender = make_settings().sender.model_dump() | {"leave_address": address}
    return make_settings(sender=sender)


def links(address: str | None = None) -> Links:
    return Links(Envelope.make("kevatkirje", ["uutiskirje"], with_mailbox(address)), KEYS)


def editions() -> Editions:
    html = make_template(
        '<a href="',
        Slot("unsubscribe_url", Escape.HTML),
        '">Peru tilaus</a> <a href="',
        Slot("preferences_url", Escape.HTML),
        '">Muuta tilaustietojasi</a>',
    )
    return make_editions(make_edition(html=html))


def test_everybody_gets_their_own_way_out_and_their_own_settings() -> None:
    found = links().of(3, "uutiskirje", FIELDS)

    leave, settings = found.pop("unsubscribe_url"), found.pop("preferences_url")
    assert found == {}
    assert leave.startswith("https://kirje.example.fi/u/")
    assert TOKENS.read_unsubscribe(leave.rpartition("/")[2]) == Ticket(
        3, "uutiskirje", "kevatkirje"
    )
    assert settings.startswith("https://kirje.example.fi/preferences/")
    assert TOKENS.read_preferences(settings.rpartition("/")[2]) == 3


def test_a_mail_without_a_place_for_settings_gets_no_such_link() -> None:
    assert set(links().of(3, "uutiskirje", {"unsubscribe_url"})) == {"unsubscribe_url"}


def test_the_token_for_leaving_by_mail_fits_every_mailbox() -> None:
    token = links(MAILBOX).of(2**63 - 1, "x" * 63, FIELDS)["leave_token"]

    assert len(f"{MAILBOX.partition('@')[0]}+{token}") <= 63
    assert TOKENS.read_mail(token) == (2**63 - 1, list_digest("x" * 63))


def test_what_is_handed_over_has_both_links_and_the_address(room: Mailroom) -> None:
    provider = MemoryProvider()
    room.add("aino@example.com")

    room.send(provider, editions=editions(), settings=with_mailbox())

    (mail,) = provider.taken
    number = room.people["aino@example.com"]
    assert f"/preferences/{TOKENS.preferences(number)}" in mail.html
    link, address = mail.headers["List-Unsubscribe"].split(", ")
    assert link.strip("<>") in mail.html
    assert address.startswith(f"<mailto:uutiskirje-peru+{TOKENS.mail(number, 'uutiskirje')}@")


def test_the_two_ways_out_stand_in_the_header_unbroken(room: Mailroom) -> None:
    provider = MemoryProvider()
    room.add("aino@example.com")
    room.send(provider, editions=editions(), settings=with_mailbox())
    (batch,) = provider.batches

    raw = mime.build(batch.message, batch.recipients[0], NOW)

    assert mime.verify(raw) == []
    header = message_from_bytes(raw, policy=policy.compat32)["List-Unsubscribe"]
    assert "".join(header.split("\r\n")) == provider.taken[0].headers["List-Unsubscribe"]
