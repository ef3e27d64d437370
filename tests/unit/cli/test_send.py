import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.testing.servers import KEY, VendorServer, answer, cut_after
from newsletter.testing.vendors import DOMAIN, Vendor
from newsletter.testing.vendors.mailgun import Mailgun
from newsletter.testing.vendors.resend import Resend
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")
PLAIN = """\
subject: Hei {{ first_name | default("lukija") }}
preheader: Lyhyesti
blocks:
  - heading: Hei
  - text: {body: Vain Sysmään, when: {municipality: Sysmä}}
"""


def use(root: Path, provider: str, url: str) -> None:
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8").replace(
        'provider = "outbox"', f'provider = "{provider}"'
    )
    domain = f'domain = "{DOMAIN}"\n' if provider == "mailgun" else ""
    section = f'\n[providers.{provider}]\nbase_url = "{url}"\n{domain}'
    file.write_text(text + section, encoding="utf-8")


def people(root: Path, count: int) -> None:
    rows = "".join(f"lukija{number}@example.com;Sysmä\n" for number in range(count))
    (root / "many.csv").write_text("email;kunta\n" + rows, encoding="utf-8")


@pytest.fixture(params=[Resend, Mailgun])
def server(
    request: pytest.FixtureRequest, root: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VendorServer]:
    vendor: Vendor = request.param()
    name = type(vendor).__name__.lower()
    monkeypatch.setenv(f"NEWSLETTER_{name.upper()}_KEY", KEY)
    with VendorServer(vendor) as running:
        use(root, name, running.url)
        yield running


@pytest.mark.slow
def test_an_issue_goes_through_a_vendor_once_to_each(
    newsletter: Newsletter, root: Path, server: VendorServer
) -> None:
    people(root, 230)
    newsletter("subscribers", "import", "many.csv", *TERMS)

    sent = newsletter("send", "loppuraportti", "--yes")
    again = newsletter("send", "loppuraportti", "--yes")

    assert sent.exit_code == again.exit_code == 0, sent.output
    assert sorted(server.addresses) == sorted(
        f"lukija{number}@example.com" for number in range(230)
    )
    assert "230 accepted" in sent.stdout


@pytest.mark.slow
def test_a_lost_answer_is_never_guessed(
    newsletter: Newsletter, root: Path, server: VendorServer
) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    server.then(cut_after())

    first = newsletter("send", "loppuraportti", "--yes")
    again = newsletter("send", "loppuraportti", "--yes")
    status = json.loads(newsletter("status", "--json").stdout)["mailings"]

    assert server.addresses == ["aino@example.com"]
    [mailing] = status
    assert mailing["accounts"]["accepted"] + mailing["accounts"]["unknown"] == 1
    assert first.exit_code == (3 if mailing["accounts"]["unknown"] else 0)
    assert again.exit_code == 0


@pytest.mark.slow
def test_a_wrong_key_stops_with_a_hint_and_nothing_is_lost(
    newsletter: Newsletter, root: Path, server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    server.then(answer(401))

    refused = newsletter("send", "loppuraportti", "--yes")
    mended = newsletter("send", "loppuraportti", "--yes")

    assert refused.exit_code == 3
    assert "KEY" in refused.stderr
    assert "left over in mailing 1" in mended.stderr
    assert mended.exit_code == 0
    assert server.addresses == ["aino@example.com"]


def test_a_missing_key_is_told_before_anything_is_planned(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEWSLETTER_RESEND_KEY", raising=False)
    use(root, "resend", "http://127.0.0.1:9")
    newsletter("subscribers", "add", "aino@example.com", *TERMS)

    done = newsletter("send", "loppuraportti", "--yes")

    assert done.exit_code == 2
    assert "NEWSLETTER_RESEND_KEY" in done.stderr
    assert json.loads(newsletter("status", "--json").stdout)["mailings"] == []


def test_a_dry_run_says_who_would_get_what(newsletter: Newsletter, root: Path) -> None:
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN, encoding="utf-8")
    newsletter("subscribers", "add", "a@example.com", *TERMS, "--field", "municipality=Sysmä")
    newsletter("subscribers", "add", "b@example.com", *TERMS, "--language", "sv")

    shown = newsletter("send", "hei", "--dry-run")
    data = json.loads(newsletter("send", "hei", "--dry-run", "--json").stdout)

    assert "1 to be mailed (fi, variant 0): Hei lukija" in shown.stdout
    assert "1 to be mailed (fi, variant 1): Hei lukija" in shown.stdout
    assert data["to_mail"] == 2
    assert not (root / "outbox").exists()


def test_whoever_lacks_a_value_is_named_and_nobody_is_mailed(
    newsletter: Newsletter, root: Path
) -> None:
    (root / "issues" / "hei.fi.yaml").write_text(
        PLAIN.replace(' | default("lukija")', ""), encoding="utf-8"
    )
    newsletter("subscribers", "add", "a@example.com", *TERMS)

    shown = newsletter("send", "hei", "--dry-run")
    done = newsletter("send", "hei", "--yes")

    assert "missing: a@example.com (first_name)" in shown.stdout
    assert done.exit_code == 2
    assert "a@example.com" in done.stderr
    assert not (root / "outbox").exists()


def test_no_is_no(newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newsletter("subscribers", "add", "a@example.com", *TERMS)
    monkeypatch.setattr("newsletter.cli.output.somebody_is_there", lambda: True)

    asked = newsletter("send", "loppuraportti", answer="n\n")

    assert "nothing was sent" in asked.stderr
    assert not (root / "outbox").exists()


def test_accounts_come_as_json(newsletter: Newsletter) -> None:
    newsletter("subscribers", "add", "a@example.com", *TERMS)

    done = json.loads(newsletter("send", "loppuraportti", "--yes", "--json").stdout)
    rest = json.loads(newsletter("send", "loppuraportti", "--yes", "--json").stdout)

    assert done["mailings"][0]["accepted"] == 1
    assert rest["mailings"] == []


def test_a_dry_run_says_whose_language_the_issue_lacks(newsletter: Newsletter, root: Path) -> None:
    (root / "issues" / "hei.fi.yaml").write_text(PLAIN, encoding="utf-8")
    newsletter("subscribers", "add", "a@example.com", *TERMS)
    newsletter("subscribers", "add", "b@example.com", *TERMS, "--language", "sv")

    shown = newsletter("send", "hei", "--dry-run")
    data = json.loads(newsletter("send", "hei", "--dry-run", "--json").stdout)

    assert "1 read sv, which this issue lacks: they get fi" in shown.stdout
    assert data["by_language_wanted"] == {"sv": 1}
