"""`newsletter render --for creamailer`."""

import json
from pathlib import Path

from tests.unit.cli.conftest import Newsletter

RENDER = ("render", "loppuraportti", "--for", "creamailer", "-o", "out")


def test_it_writes_four_files_a_language_and_puts_the_images_out(
    newsletter: Newsletter, root: Path
) -> None:
    settings = root / "newsletter.toml"
    told = settings.read_text(encoding="utf-8") + '\n[creamailer.tags]\nfirst_name = "[etunimi]"\n'
    settings.write_text(told, encoding="utf-8")

    result = newsletter(*RENDER)

    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 8
    page = (root / "out" / "loppuraportti.fi.creamailer.html").read_text(encoding="utf-8")
    assert "Hei [etunimi]" in page
    assert any((root / ".newsletter" / "media").iterdir())
    assert "note: our unsubscribe link is left out" in result.stderr


def test_json_has_files_and_notes(newsletter: Newsletter) -> None:
    told = json.loads(newsletter(*RENDER, "--json").stdout)

    assert len(told["files"]) == 8
    assert told["notes"]


def test_an_issue_with_errors_is_not_written(newsletter: Newsletter, root: Path) -> None:
    bad = "subject: Kevät\nblocks:\n  - image: {src: images/none.png, alt: Ei ole}\n"
    (root / "issues" / "huono.fi.yaml").write_text(bad, encoding="utf-8")

    result = newsletter("render", "huono", "--for", "creamailer", "-o", "out")

    assert result.exit_code == 1
    assert not (root / "out").exists()


def test_other_services_are_not_known(newsletter: Newsletter) -> None:
    result = newsletter("render", "loppuraportti", "--for", "mailchimp")

    assert result.exit_code == 2
    assert "known are: creamailer" in result.output
