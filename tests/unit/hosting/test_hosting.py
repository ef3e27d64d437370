"""The contract, over every host that there is; S3 is published to in the integration tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from newsletter import hosting
from newsletter.errors import InputError
from newsletter.testing import make_settings
from newsletter.workspace import Workspace

Make = Callable[..., Workspace]

PICTURE: Final = "0123456789abcdef01234567.jpg"
CALENDAR: Final = "0123456789abcdef01234567.ics"
IMAGES: Final[dict[str, dict[str, Any]]] = {
    "web": {},
    "folder": {"path": "kuvat", "base_url": "https://kuvat.example.fi/kirje"},
    "s3": {"bucket": "kuvat", "base_url": "https://cdn.example.fi", "prefix": "kirje"},
    "cid": {},
}
ADDRESSES: Final = {
    "web": f"https://kirje.example.fi/media/{PICTURE}",
    "folder": f"https://kuvat.example.fi/kirje/{PICTURE}",
    "s3": f"https://cdn.example.fi/kirje/{PICTURE}",
    "cid": f"cid:{PICTURE}@example.fi",
}
FOLDERS: Final = {"web": ".newsletter/media", "folder": "kuvat", "cid": ".newsletter/media"}


def load(make: Make, name: str) -> hosting.Host:
    own = {name: IMAGES[name]} if IMAGES[name] else {}
    return hosting.load(make(hosting=name, **own), environment={})


def test_every_host_is_known_here() -> None:
    assert set(hosting.names()) == set(IMAGES) == set(ADDRESSES)


def test_without_a_word_images_are_served_by_the_web_app(make: Make) -> None:
    host = hosting.load(make(), environment={})

    assert host.url(PICTURE) == ADDRESSES["web"]


@pytest.mark.parametrize("name", IMAGES)
def test_an_address_is_known_before_anything_is_published(make: Make, name: str) -> None:
    host = load(make, name)

    assert host.url(PICTURE) == ADDRESSES[name]
    assert host.copy_url(PICTURE).startswith("https://")
    assert host.url(CALENDAR) == host.copy_url(CALENDAR)


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_published_lies_in_its_folder(make: Make, name: str, tmp_path: Path) -> None:
    host, folder = load(make, name), tmp_path / FOLDERS[name]

    host.publish({PICTURE: b"one"})
    before = (folder / PICTURE).stat().st_mtime_ns
    host.publish({PICTURE: b"one", CALENDAR: b"two"})

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        PICTURE: b"one",
        CALENDAR: b"two",
    }
    assert (folder / PICTURE).stat().st_mtime_ns == before


def test_a_folder_anywhere_on_the_disk_will_do(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "www" / "kuvat"
    workspace = make(
        hosting="folder", folder={"path": str(folder), "base_url": "https://example.fi"}
    )

    hosting.load(workspace, environment={}).publish({PICTURE: b"one"})

    assert (folder / PICTURE).read_bytes() == b"one"


def test_a_misspelt_host_gets_a_hint(make: Make) -> None:
    with pytest.raises(InputError, match="no hosting named 'foldr'") as caught:
        hosting.load(make(hosting="foldr"), environment={})

    assert "'folder'" in caught.value.hint


@pytest.mark.parametrize("name", ["folder", "s3"])
def test_a_host_without_its_settings_names_them(make: Make, name: str) -> None:
    with pytest.raises(InputError, match=rf'hosting = "{name}" needs \[images\.{name}\]'):
        hosting.load(make(hosting=name), environment={})


@pytest.mark.parametrize(
    ("images", "place"),
    [
        ({"folder": {"path": "x", "base_url": "ftp://example.fi"}}, "images.folder.base_url"),
        ({"folder": {"path": "x", "base_url": "https://example.fi/"}}, "images.folder.base_url"),
        ({"s3": IMAGES["s3"] | {"bucket": "a b"}}, "images.s3.bucket"),
        ({"s3": IMAGES["s3"] | {"prefix": "/x"}}, "images.s3.prefix"),
        ({"s3": IMAGES["s3"] | {"prefix": "../x y"}}, "images.s3.prefix"),
        ({"s3": IMAGES["s3"] | {"secret": "x"}}, "images.s3.secret"),
        ({"hosting": "S 3"}, "images.hosting"),
    ],
)
def test_wrong_settings_are_refused_at_their_place(images: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(images=images)

    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [place]


@pytest.mark.parametrize("missing", ["NEWSLETTER_S3_KEY_ID", "NEWSLETTER_S3_SECRET"])
@pytest.mark.parametrize("value", [None, "", "two words", "ä"])
def test_a_missing_key_is_named_before_anything_is_reached(
    make: Make, missing: str, value: str | None
) -> None:
    environment = {"NEWSLETTER_S3_KEY_ID": "id", "NEWSLETTER_S3_SECRET": "hidden-secret"}
    environment.pop(missing)
    if value is not None:
        environment[missing] = value
    host = hosting.load(make(hosting="s3", s3=IMAGES["s3"]), environment=environment)

    with pytest.raises(InputError, match=missing) as caught:
        host.publish({PICTURE: b"one"})

    assert "hidden-secret" not in f"{caught.value.message}{caught.value.hint}"
