"""The bytes and headers of the mails of the service."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from newsletter.providers import mime
from newsletter.register.tokens import Tokens
from newsletter.testing import KEYS, NOW
from newsletter.testing.providers import MemoryProvider
from tests.unit.replying.office import AINO, Office


def mail(office: Office) -> EmailMessage:
    """Deliver what waits and read the last mail as a mail server gets it."""
    provider = MemoryProvider()
    office.deliver(provider)
    batch = provider.batches[-1]
    raw = mime.build(batch.message, batch.recipients[0], batch.date)
    assert mime.verify(raw) == []
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def confirm(office: Office) -> None:
    office.apply()


def address(office: Office) -> None:
    number = office.subscribe("vanha@example.com")
    office.ask_change(number, AINO)


def export(office: Office) -> None:
    office.ask_link(office.subscribe(), "export")


def erase(office: Office) -> None:
    office.ask_link(office.subscribe(), "erase")


def changed(office: Office) -> None:
    office.queue("changed")


def welcome(office: Office) -> None:
    office.queue("welcome", subscriber_id=office.subscribe())


def already(office: Office) -> None:
    office.subscribe()
    office.apply()


ASKING = [confirm, address, export, erase, changed]
TO_SUBSCRIBERS = [welcome, already]


@pytest.mark.parametrize("act", [*ASKING, *TO_SUBSCRIBERS])
def test_every_mail_says_that_it_was_made_by_a_machine(
    office: Office, act: Callable[[Office], None]
) -> None:
    act(office)

    message = mail(office)

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == AINO
    assert message["Reply-To"] == "vastaukset@example.fi"
    assert "List-Id" not in message
    assert "Precedence" not in message


@pytest.mark.parametrize("act", ASKING)
def test_what_only_asks_has_no_list_headers(office: Office, act: Callable[[Office], None]) -> None:
    act(office)

    assert not [name for name in mail(office) if name.startswith("List-")]


@pytest.mark.parametrize("act", TO_SUBSCRIBERS)
def test_a_subscriber_can_leave_the_list_by_one_click(
    office: Office, act: Callable[[Office], None]
) -> None:
    act(office)

    message = mail(office)

    [url] = re.findall("^<(https://kirje.example.fi/u/[^>]+)>$", message["List-Unsubscribe"])
    ticket = Tokens(KEYS).read_unsubscribe(url.rpartition("/")[2])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert ticket is not None
    assert (ticket.list_id, ticket.issue) == ("uutiskirje", act.__name__)
    assert url in text(message)


def test_the_message_id_is_ours_and_says_nothing_of_the_person(office: Office) -> None:
    office.apply()

    name = mail(office)["Message-ID"]

    assert re.fullmatch(r"<[0-9a-f]{40}@example\.fi>", name)


def test_the_message_id_of_a_register_made_anew_is_another_one(office: Office) -> None:
    provider = MemoryProvider()
    office.apply()
    office.apply("eino@example.com")

    office.deliver(provider)
    ids = {batch.recipients[0].message_id for batch in provider.batches}
    keys = {batch.recipients[0].key for batch in provider.batches}

    assert len(ids) == len(keys) == 2
    assert not any("eino" in name or "aino" in name for name in ids | keys)


@pytest.mark.parametrize(("language", "subject", "asked"), [
    ("fi", "Vahvista tilauksesi", "ma 2.3.2026 klo 11.00, sivulla kirje.example.fi"),
    ("sv", "Bekräfta din prenumeration", "mån 2 mars 2026 kl. 11.00, på sidan kirje.example.fi"),
    ("en", "Confirm your subscription", "Mon 2 March 2026, 11:00, on the page kirje.example.fi"),
])  # fmt: skip
def test_a_mail_is_in_the_reader_s_language_and_the_times_are_those_of_the_clock_on_the_wall(
    office: Office, language: str, subject: str, asked: str
) -> None:
    office.apply(language=language)

    message = mail(office)

    assert message["Subject"] == subject
    assert asked in " ".join(text(message).split())


def test_a_language_without_a_catalogue_gets_the_workspace_s(office: Office) -> None:
    office.apply(language="et")

    assert mail(office)["Subject"] == "Vahvista tilauksesi"


@pytest.mark.parametrize(("form", "site"), [
    ("https://kirje.example.fi/subscribe?buy=now", "kirje.example.fi"),
    ("https://www.kunta.fi/uutiskirje", "www.kunta.fi"),
    ("https://evil.example/cheap-pills", "kirje.example.fi"),
    ("javascript:alert(1)", "kirje.example.fi"),
    ("", "kirje.example.fi"),
])  # fmt: skip
def test_only_sites_that_the_settings_know_are_named(
    store: Any,  # noqa: ANN401 - the fixture's own type
    tmp_path: Any,  # noqa: ANN401 - same
    form: str,
    site: str,
) -> None:
    office = Office(store, tmp_path, subscribe={"origins": ["https://www.kunta.fi"]})
    office.apply(form=form)

    body = " ".join(text(mail(office)).split())

    assert f"sivulla {site} " in body
    assert "evil" not in body
    assert "buy" not in body


def test_what_staff_asked_for_says_so(office: Office) -> None:
    office.apply(method="staff", form="")

    assert "klo 11.00, pyytäjänä Esimerkkikunta" in " ".join(text(mail(office)).split())


def test_the_same_reply_and_time_give_the_same_batch_and_any_other_time_another_key(
    office: Office,
) -> None:
    number = office.subscribe()
    office.queue("welcome", subscriber_id=number)
    provider = MemoryProvider()
    office.deliver(provider)
    [batch] = provider.batches
    postman = office.postman(provider)
    writing = postman._claims._writing
    from newsletter.replying.standing import Reply, look  # noqa: PLC0415 - only here

    with office.store.read() as connection:
        reply = look(connection, office.row(), tokens=office.tokens, keys=KEYS, now=NOW)
    assert isinstance(reply, Reply)

    same = writing.batch(reply, NOW, account="memory", again=True)
    other = writing.batch(reply, NOW + timedelta(seconds=1), account="memory", again=True)

    assert same == batch
    assert other.key != batch.key
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", batch.key)
