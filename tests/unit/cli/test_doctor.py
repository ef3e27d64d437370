"""`newsletter doctor` against a name server, a vendor and a signed mail on this machine."""

import base64
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dkim  # type: ignore[import-untyped]
import pytest
from checkdmarc.utils import DNS_CACHE  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter import hooks, providers, workspace
from newsletter.cli.handing import Handing
from newsletter.doctor import domain, good, names, sending
from newsletter.errors import InputError, Level
from newsletter.providers import Capabilities, provider_class
from newsletter.testing import make_settings
from newsletter.testing.nameserver import SILENT, NameServer, name_server
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.stores import fresh
from newsletter.testing.vendors import KEY
from newsletter.testing.vendors.mailgun import Mailgun
from newsletter.testing.vendors.resend import Resend
from tests.hooks.senders import SENDERS
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_send import use

PAIR = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = PAIR.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
PUBLIC = base64.b64encode(
    PAIR.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
KEY_RECORD = f'"v=DKIM1; k=rsa; p={PUBLIC[:200]}" "{PUBLIC[200:]}"'
MAIL = (
    b"From: Kirje <kirje@example.fi>\r\nTo: a@example.com\r\nSubject: x\r\n"
    b"List-Unsubscribe: <https://kirje.example.fi/leave/t>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHei\r\n"
)
COVERED = [b"from", b"list-unsubscribe", b"list-unsubscribe-post"]

ZONE = {
    "example.fi": {"MX": ["10 mx.example.fi."], "TXT": ['"v=spf1 ip4:192.0.2.1 -all"']},
    "mx.example.fi": {"A": ["192.0.2.1"]},
    "_dmarc.example.fi": {"TXT": ['"v=DMARC1; p=reject; rua=mailto:d@example.fi"']},
    "s1._domainkey.example.fi": {"TXT": [KEY_RECORD]},
}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no sentence be broken where a test looks for it, whatever terminal the tests run in."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def dns(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8")
    old = workspace.load(root).settings.sender.address
    file.write_text(text.replace(f'"{old}"', '"kirje@example.fi"'), encoding="utf-8")
    DNS_CACHE.clear()
    with name_server(ZONE) as running:
        monkeypatch.setattr(names, "system", running.resolver)
        yield running


def told(newsletter: Newsletter, *words: str) -> dict[str, list[str]]:
    """Give the levels of what was found, by what it is about."""
    found: dict[str, list[str]] = {}
    for item in json.loads(newsletter("doctor", *words, "--json").stdout)["diagnoses"]:
        found.setdefault(item["about"], []).append(item["level"])
    return found


def signed(tmp_path: Path, include: list[bytes], raw: bytes = MAIL) -> str:
    file = tmp_path / "mail.eml"
    file.write_bytes(dkim.sign(raw, b"s1", b"example.fi", SECRET, include_headers=include) + raw)
    return str(file)


def test_a_domain_in_order_has_no_errors(newsletter: Newsletter, dns: NameServer) -> None:
    done = newsletter("doctor", "--selector", "s1")

    assert done.exit_code == 0, done.output
    assert "ok       spf: v=spf1" in done.stdout
    assert "ok       dmarc: v=DMARC1; p=reject" in done.stdout
    assert "ok       dkim: there is a key at s1._domainkey.example.fi" in done.stdout


@pytest.mark.parametrize(
    ("name", "records", "about", "level"),
    [
        ("example.fi", {"MX": ["0 ."]}, "mx", "error"),
        ("example.fi", {}, "mx", "error"),
        ("example.fi", {"MX": ["1 mx.example.fi."]}, "spf", "warning"),
        ("example.fi", {"MX": ["1 mx.example.fi."], "TXT": ['"v=spf1 ip4:x"']}, "spf", "error"),
        ("_dmarc.example.fi", {}, "dmarc", "error"),
        ("_dmarc.example.fi", {"TXT": ['"v=DMARC1; p=maybe"']}, "dmarc", "error"),
        ("s1._domainkey.example.fi", {}, "dkim", "error"),
        ("s1._domainkey.example.fi", {"TXT": ['"v=DKIM1; p="']}, "dkim", "error"),
        ("default._bimi.example.fi", {"TXT": ['"v=BIMI1; x"']}, "bimi", "warning"),
    ],
)
def test_each_fault_of_a_domain_is_found(
    name: str, records: dict[str, list[str]], about: str, level: str
) -> None:
    DNS_CACHE.clear()
    with name_server(ZONE | {name: records}) as running:
        found = list(domain.examine(running.resolver(), "example.fi", ["s1"]))

    assert level in [item.word for item in found if item.about == about]


def test_without_a_network_it_says_so_and_looks_at_the_rest(
    newsletter: Newsletter, dns: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "PATIENCE", 0.05)
    dns.zone = {"example.fi": SILENT}

    done = newsletter("doctor")

    assert done.exit_code == 0
    assert "note     dns: nobody answers questions about example.fi" in done.stdout
    dns.asked.clear()
    assert "no key was tried" in newsletter("doctor", "--offline").stdout
    assert dns.asked == []


def test_without_its_libraries_it_looks_at_the_rest(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = signed(tmp_path, COVERED)
    for name in ("dkim", "checkdmarc.spf", "checkdmarc.dmarc", "checkdmarc.bimi"):
        monkeypatch.setitem(sys.modules, name, None)

    done = newsletter("doctor", mail)

    assert done.exit_code == 0, done.output
    assert "ok       mx: example.fi takes mail" in done.stdout
    assert "pip install 'newsletter-desk[doctor]'" in done.stdout


def test_a_mail_as_it_should_arrive(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    found = told(newsletter, signed(tmp_path, COVERED))

    assert found["one-click"] == ["ok", "ok"]
    assert found["alignment"] == ["ok"]
    assert found["dkim"] == ["ok", "ok"]  # its key, named by the mail, and its signature


def test_a_signature_that_leaves_one_click_out(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    done = newsletter("doctor", signed(tmp_path, [b"from", b"list-unsubscribe"]))

    assert done.exit_code == 1
    assert "does not cover List-Unsubscribe and List-Unsubscribe-Post" in done.stdout


def test_a_mail_that_was_changed_on_its_way(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    file = Path(signed(tmp_path, COVERED))
    file.write_bytes(file.read_bytes().replace(b"Hei", b"Moi"))

    done = newsletter("doctor", str(file))

    assert "the text was changed after it was signed" in done.stdout
    assert "publish the key anew" not in done.stdout  # the key is right
    assert "warning  alignment" in done.stdout


def test_a_signature_that_leaves_the_end_of_the_text_open(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    file = tmp_path / "open.eml"
    head = dkim.sign(MAIL, b"s1", b"example.fi", SECRET, include_headers=COVERED, length=True)
    file.write_bytes(head + MAIL + b"More\r\n")

    done = newsletter("doctor", str(file))

    assert "warning  dkim: the signature of example.fi covers 5 bytes of the text" in done.stdout


def test_a_signature_without_a_domain_is_called_so(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    file = tmp_path / "odd.eml"
    file.write_bytes(b"DKIM-Signature: blah; ;;==\r\n" + MAIL)

    done = newsletter("doctor", str(file))

    assert "names no domain (d=)" in done.stdout
    assert "b'" not in done.stdout


def test_a_mail_of_somebody_else_is_called_so_whatever_program_saved_it(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    file = tmp_path / "other.eml"
    file.write_bytes(b"\xef\xbb\xbf" + MAIL.replace(b"kirje@example.fi", b"kirje@muu.fi"))

    assert (
        "the mail is from muu.fi, and [sender] is of example.fi"
        in newsletter("doctor", str(file)).stdout
    )


def test_two_spf_records_are_an_error(newsletter: Newsletter, dns: NameServer) -> None:
    two = ['"v=spf1 ip4:192.0.2.1 -all"', '"v=spf1 mx -all"']
    dns.zone = ZONE | {"example.fi": {"MX": ["10 mx.example.fi."], "TXT": two}}

    assert "error    spf: the domain has several SPF records" in newsletter("doctor").stdout


def test_two_dmarc_records_are_not_called_none(newsletter: Newsletter, dns: NameServer) -> None:
    two = ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']
    dns.zone = ZONE | {"_dmarc.example.fi": {"TXT": two}}

    done = newsletter("doctor")

    assert "error    dmarc: several DMARC records" in done.stdout
    assert "leave one of them" in done.stdout


@pytest.mark.parametrize("ending", ["+all", "all"])
def test_an_spf_record_that_lets_everybody_send_is_not_good(
    newsletter: Newsletter, dns: NameServer, ending: str
) -> None:
    spf = {"MX": ["10 mx.example.fi."], "TXT": [f'"v=spf1 mx {ending}"']}
    dns.zone = ZONE | {"example.fi": spf}

    assert "lets everybody send" in newsletter("doctor").stdout


@pytest.mark.parametrize("name", ["sendgrid", "postal", "resend", "ses"])
def test_a_key_of_a_webhook_that_can_prove_nothing_is_told(name: str) -> None:
    variable = hooks.key_variable(name)
    right, _ = SENDERS[name]

    def levels(keys: str) -> list[Level | None]:
        return [item.level for item in sending.events(name, "X", {variable: keys})]

    assert Level.ERROR in levels("-----BEGIN PUBLIC KEY-----")
    assert Level.ERROR in levels(f"{right} -")
    assert Level.ERROR not in levels(right)


def test_a_signature_that_nobody_checked_is_not_called_good(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    found = told(newsletter, signed(tmp_path, COVERED), "--offline")

    assert found["dkim"] == ["note"]
    assert found["alignment"] == ["note"]
    assert found["one-click"] == ["ok", "note"]  # the fields are there; their signature …
    done = newsletter("doctor", signed(tmp_path, COVERED), "--offline")
    assert "alignment: not checked: whether example.fi signs" in done.stdout
    bare = told(newsletter, signed(tmp_path, [b"from"]), "--offline")
    assert bare["one-click"] == ["ok", "error"]


def test_a_mail_without_signature_and_one_click(
    newsletter: Newsletter, dns: NameServer, tmp_path: Path
) -> None:
    file = tmp_path / "bare.eml"
    file.write_bytes(b"From: kirje@example.fi\r\n\r\nHei\r\n")

    found = told(newsletter, str(file))

    assert found["one-click"] == ["error"]
    assert "error" in found["dkim"]


@pytest.mark.parametrize("vendor", [Mailgun, Resend])
def test_the_key_is_tried_by_a_harmless_call(
    newsletter: Newsletter, dns: NameServer, root: Path, monkeypatch: pytest.MonkeyPatch,
    vendor: type[Mailgun | Resend],
) -> None:  # fmt: skip
    variable = provider_class(vendor.name).key_variable
    monkeypatch.setenv(variable, KEY)
    monkeypatch.setattr(sending, "reached", lambda _url, _name: good("webhook", "x"))
    with VendorServer(vendor()) as server:
        use(root, vendor.name, server.url)

        assert told(newsletter)["key"] == ["ok"]
        monkeypatch.setenv(variable, "wrong-key")
        done = newsletter("doctor")

        assert done.exit_code == 1
        assert f"the key in {variable}" in done.stdout
        assert "wrong-key" not in done.output
        assert server.taken == []
        monkeypatch.delenv(variable)
        assert told(newsletter)["provider"] == ["error"]


def test_a_key_that_may_only_send_is_right(
    newsletter: Newsletter, dns: NameServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_RESEND_KEY", KEY)
    monkeypatch.setattr(sending, "reached", lambda _url, _name: good("webhook", "x"))
    said = b'{"name": "restricted_api_key", "message": "This API key is restricted to only send"}'
    with VendorServer(Resend()) as server:
        use(root, "resend", server.url)
        server.then_tell(answer(401, body=said))

        assert "which may only send" in newsletter("doctor").stdout


def test_what_a_provider_cannot_do_is_held_against_the_workspace(root: Path) -> None:
    opened = workspace.load(root)
    levels = []
    for own in ("yes", "plan", "overwritten"):
        kind = Capabilities("X", 1, own, lookup="x")
        levels.append(next(iter(sending.needs(kind, opened))).level)

    assert levels == [None, Level.WARNING, Level.ERROR]


def test_what_a_provider_does_is_told_whether_or_not_it_is_good(root: Path) -> None:
    opened = workspace.load(root)

    def levels(**can: object) -> dict[str, Level | None]:
        kind = Capabilities("X", 1, "yes", **can)  # type: ignore[arg-type]
        return {item.about: item.level for item in sending.needs(kind, opened)}

    assert levels(tracking="call", idempotency=timedelta(hours=24)) == {
        "one-click": None,
        "lost calls": None,
    }
    assert levels(lookup="its log", without_headers=frozenset({"List-Id"})) == {
        "one-click": None,
        "headers": Level.NOTE,
        "lost calls": Level.NOTE,
        "tracking": Level.NOTE,
    }


@pytest.mark.parametrize("hosting", ["web", "cid"])
def test_the_doctor_finds_wrong_just_what_a_mailing_would_be_refused_for(
    root: Path, hosting: str
) -> None:
    settings = make_settings(images={"hosting": hosting})
    opened = workspace.Workspace(root, settings)
    wrong, refused = set(), set()

    with fresh() as store:
        handing = Handing(opened, store)
        for name in set(providers.names()) - {"outbox"}:
            can = provider_class(name).capabilities
            if any(item.level is Level.ERROR for item in sending.needs(can, opened)):
                wrong.add(name)
            try:
                handing.refuse_inline(name)
            except InputError:
                refused.add(name)

    assert wrong == refused
    assert wrong
    assert "ses" not in wrong


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("mailgun", "", ["no key proves"]),
        ("mailgun", "k", []),
        ("postmark", "a:b", ["a password in its webhook's address"]),
        ("resend", "whsec_eHh4", ["never tells of: unsubscribed"]),
        ("smtp", "", ["has no webhooks"]),
    ],
)
def test_the_doctor_knows_what_a_provider_will_tell(name: str, key: str, said: list[str]) -> None:
    environment = {f"NEWSLETTER_{name.upper()}_WEBHOOK_KEY": key}

    found = list(sending.events(name, "X", environment))

    assert len(found) == len(said)
    assert all(part in item.message for part, item in zip(said, found, strict=True))


def test_a_mail_server_needs_a_name_that_leads_back() -> None:
    zone = {
        "mail.example.fi": {"A": ["192.0.2.1"]},
        "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example.fi."]},
        "bad.example.fi": {"A": ["192.0.2.2"]},
    }
    with name_server(zone) as running:
        fine = list(domain.server(running.resolver(), "mail.example.fi"))
        bad = list(domain.server(running.resolver(), "bad.example.fi"))

    assert [item.level for item in (*fine, *bad)] == [None, Level.ERROR]


def test_a_webhook_that_nobody_answers_is_told() -> None:
    assert sending.reached("http://localhost", "mailgun").level is Level.NOTE
    assert sending.reached("https://127.0.0.1:1", "mailgun").level is Level.WARNING


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x10 no mail", b"Subject: x\r\n\r\nHei\r\n"])
def test_a_file_that_is_no_mail_is_refused(
    newsletter: Newsletter, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "x.eml"
    file.write_bytes(content)
    said = newsletter("doctor", str(file), "--offline")

    assert (said.exit_code, "it has no From field" in said.stderr) == (2, True)
