"""What an issue's images become on the way from the folder to the mail."""

import hashlib
import random
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from newsletter import desk
from newsletter.hosting import cid
from newsletter.providers import mime
from newsletter.testing import NOW, make_settings
from newsletter.workspace import Workspace

ISSUE = """\
subject: Kuvia
preheader: Kuvia järveltä
blocks:
  - heading: Kuvia
  - image: {src: images/a.jpg, alt: Järvi illalla}
  - image: {src: images/b.png, alt: Järvi aamulla}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    images = tmp_path / "issues" / "images"
    images.mkdir(parents=True)
    (tmp_path / "issues" / "kuvia.fi.yaml").write_text(ISSUE, encoding="utf-8")
    Image.linear_gradient("L").resize((3000, 2000)).convert("RGB").save(images / "a.jpg")
    Image.new("RGB", (400, 200), "#0e5a78").save(images / "b.png")
    return tmp_path


def prepare(root: Path, **images: Any) -> desk.Prepared:  # noqa: ANN401 - as in TOML
    return desk.prepare(Workspace(root, make_settings(images=images)), "kuvia")


def noise(file: Path, width: int, height: int) -> None:
    dots = random.Random(1).randbytes(width * height * 3)
    Image.frombytes("RGB", (width, height), dots).save(file, quality=95)


def test_images_are_published_where_the_mail_looks_for_them(root: Path) -> None:
    prepared = prepare(
        root, hosting="folder", folder={"path": "www", "base_url": "https://k.example.fi"}
    )

    desk.publish(prepared)

    (edition,) = prepared.editions
    for name, content in prepared.media.items():
        assert name.startswith(hashlib.sha256(content).hexdigest()[:24])
        assert (root / "www" / name).read_bytes() == content
        assert f'src="https://k.example.fi/{name}"' in edition.html.fill({})
        assert f'src="https://k.example.fi/{name}"' in edition.web
    assert len(prepared.media) == 2


def test_a_mail_carries_its_images_and_its_public_copy_shows_them_from_the_web(root: Path) -> None:
    prepared = prepare(root, hosting="cid")

    desk.publish(prepared)

    (edition,) = prepared.editions
    media = Workspace(root, make_settings()).media
    assert cid.carried(edition.html, media) == {
        f"{name}@example.fi": content for name, content in prepared.media.items()
    }
    assert "cid:" not in edition.web
    assert all(f"https://kirje.example.fi/media/{name}" in edition.web for name in prepared.media)


@pytest.mark.parametrize("hosting", ["web", "cid"])
def test_files_to_look_at_find_their_images_beside_them(
    root: Path, tmp_path: Path, hosting: str
) -> None:
    prepared = prepare(root, hosting=hosting)

    written = desk.write(prepared, tmp_path / "look")

    for file in written:
        text = file.read_text(encoding="utf-8")
        assert "cid:" not in text
        assert "kirje.example.fi/media" not in text
        if file.suffix == ".html":
            assert all(f'src="media/{name}"' in text for name in prepared.media)


@pytest.mark.parametrize("hosting", ["web", "cid"])
def test_a_mail_to_look_at_is_whole(root: Path, tmp_path: Path, hosting: str) -> None:
    prepared = prepare(root, hosting=hosting)

    (file,) = desk.write_mails(prepared, tmp_path / "look", make_settings(), now=NOW)

    raw = file.read_bytes()
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    images = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert file.name == "kuvia.fi.eml"
    assert mime.verify(raw) == []
    assert message["To"] == "kirje@example.fi"
    assert {part.get_payload(decode=True) for part in images} == set(prepared.media.values())


def test_a_heavy_image_is_told_with_its_place(root: Path) -> None:
    noise(root / "issues" / "images" / "a.jpg", 1040, 700)

    findings = [item for item in prepare(root).findings if item.rule.startswith("NL50")]

    assert [(item.rule, item.place.line, item.level) for item in findings] == [
        ("NL503", 5, "warning")
    ]
    assert "kB in the mail" in findings[0].message


def test_images_that_are_too_much_together_are_told(root: Path) -> None:
    images = root / "issues" / "images"
    blocks = ISSUE
    for number in range(4):
        noise(images / f"{number}.jpg", 1040, 500 + number)
        blocks += f"  - image: {{src: images/{number}.jpg, alt: Järvi {number}}}\n"
    (root / "issues" / "kuvia.fi.yaml").write_text(blocks, encoding="utf-8")

    found = [item.rule for item in prepare(root).findings if item.rule.startswith("NL50")]

    assert found.count("NL503") == 4
    assert found.count("NL504") == 1


def test_a_second_rendering_packs_nothing_anew(root: Path) -> None:
    first = prepare(root).media
    kept = sorted((root / ".newsletter" / "cache" / "images").iterdir())
    times = [file.stat().st_mtime_ns for file in kept]

    assert prepare(root).media == first
    assert [file.stat().st_mtime_ns for file in kept] == times
    assert len(kept) == 2
