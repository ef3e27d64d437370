import hashlib
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from newsletter.errors import InputError
from newsletter.render import Gallery
from newsletter.render.pictures import Pictures


def test_an_image_is_named_by_its_content_and_measured(gallery: Gallery, images: Path) -> None:
    url, width, height = gallery.url("images/torit.jpg")

    content = (images / "images" / "torit.jpg").read_bytes()
    name = hashlib.sha256(content).hexdigest()[:24] + ".jpg"
    assert url == f"https://kirje.example.fi/media/{name}"
    assert (width, height) == (1040, 520)
    assert gallery.files == {name: content}


def test_the_same_image_under_two_names_is_one_file(gallery: Gallery, images: Path) -> None:
    copy = images / "images" / "kopio.png"
    copy.write_bytes((images / "images" / "kunta.png").read_bytes())

    assert gallery.url("images/kopio.png") == gallery.url("images/kunta.png")
    assert gallery.url("images/kunta.png") == gallery.url("images/kunta.png")
    assert len(gallery.files) == 1


def test_an_address_on_the_web_stays_as_it_is(gallery: Gallery) -> None:
    assert gallery.url("https://example.fi/x.webp") == ("https://example.fi/x.webp", None, None)
    assert gallery.files == {}


def test_the_first_folder_that_has_the_image_wins(tmp_path: Path, images: Path) -> None:
    own = tmp_path / "own"
    (own / "images").mkdir(parents=True)
    Image.new("RGB", (10, 20)).save(own / "images" / "torit.jpg")

    gallery = Gallery([own, images], "https://example.fi/media/")

    assert gallery.url("images/torit.jpg")[1:] == (10, 20)
    assert gallery.url("images/kunta.png")[0].startswith("https://example.fi/media/")


@pytest.mark.parametrize(
    "src",
    [
        "../salaisuus.png",
        "images/../../x.png",
        "/etc/passwd",
        "images\\x.png",
        "C:/x.png",
        "a\0.png",
    ],
)
def test_a_path_out_of_the_workspace_is_refused(gallery: Gallery, src: str) -> None:
    with pytest.raises(InputError, match="is not inside the workspace"):
        gallery.url(src)


def test_a_link_out_of_the_workspace_is_refused(
    gallery: Gallery, images: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.png"
    Image.new("RGB", (10, 10)).save(outside)
    (images / "images" / "linkki.png").symlink_to(outside)

    with pytest.raises(InputError, match=r"'images/linkki\.png' leads out of the workspace"):
        gallery.url("images/linkki.png")


def test_a_missing_image_is_named_with_the_near_ones(gallery: Gallery) -> None:
    with pytest.raises(InputError, match=r"no image 'images/tori\.jpg'") as caught:
        gallery.url("images/tori.jpg")

    assert "'images/torit.jpg'" in caught.value.hint


def test_a_missing_folder_gives_a_hint_too(gallery: Gallery) -> None:
    with pytest.raises(InputError, match="no image") as caught:
        gallery.url("kuvat/tori.jpg")

    assert "beside the issue" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_image_is_refused(gallery: Gallery, images: Path, content: bytes) -> None:
    (images / "images" / "x.png").write_bytes(content)

    with pytest.raises(InputError, match=r"'images/x\.png' is no JPEG, PNG or GIF"):
        gallery.url("images/x.png")


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "BMP", "ICO"])
def test_a_type_that_mail_has_not_is_refused(gallery: Gallery, images: Path, kind: str) -> None:
    Image.new("RGB", (16, 16)).save(images / "images" / "x.jpg", kind)

    with pytest.raises(InputError, match="is no JPEG, PNG or GIF") as caught:
        gallery.url("images/x.jpg")

    assert "save it as JPEG" in caught.value.hint


def test_webp_which_outlook_cannot_show_is_converted(gallery: Gallery, images: Path) -> None:
    Image.new("RGB", (16, 16), "#0e5a78").save(images / "images" / "x.webp")

    url, width, height = gallery.url("images/x.webp", 520)

    assert url.endswith(".png")
    assert (width, height) == (16, 16)


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_an_image_that_would_unpack_to_millions_of_pixels_is_refused_by_its_header(
    gallery: Gallery, images: Path, side: int
) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunk = (
        struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    data = zlib.compress(b"\0" * 100)
    body = (
        struct.pack(">I", len(data))
        + b"IDAT"
        + data
        + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    )
    (images / "images" / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + body + end)

    with pytest.raises(InputError, match="more than 64 million pixels"):
        gallery.url("images/x.png")


def test_a_file_too_heavy_to_mail_is_refused(gallery: Gallery, images: Path) -> None:
    with (images / "images" / "x.jpg").open("wb") as file:
        file.truncate(30_000_001)

    with pytest.raises(InputError, match="larger than 30 MB"):
        gallery.url("images/x.jpg")


def test_a_file_that_cannot_be_read_is_named(
    gallery: Gallery, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    # Root may read everything, so a mode of 000 would not show this.
    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(InputError, match=r"'images/torit\.jpg' cannot be read: Permission denied"):
        gallery.url("images/torit.jpg")


@pytest.mark.parametrize("name", ["kierros.png", "a" * 5000 + ".png"], ids=["circle", "long"])
def test_a_name_that_the_disk_cannot_follow_is_refused(
    gallery: Gallery, images: Path, name: str
) -> None:
    (images / "images" / "kierros.png").symlink_to("kierros.png")

    with pytest.raises(InputError, match=f"'images/{name}'"):
        gallery.url(f"images/{name}")


def test_a_photograph_taken_upright_is_measured_as_it_is_seen(
    gallery: Gallery, images: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 30)).save(images / "images" / "pysty.jpg", exif=exif)

    assert gallery.url("images/pysty.jpg")[1:] == (30, 60)


def test_images_are_shown_no_wider_than_the_column_and_no_larger_than_they_are(
    gallery: Gallery,
) -> None:
    pictures = Pictures(gallery)

    wide, small = pictures.image("images/torit.jpg"), pictures.image("images/pieni.gif")
    foreign = pictures.image("https://example.fi/x.jpg")

    assert (wide.width, wide.height) == (520, 260)
    assert (small.width, small.height) == (30, 40)
    assert (foreign.width, foreign.height) == (520, None)


def test_a_very_wide_logo_is_no_wider_than_the_column(gallery: Gallery, images: Path) -> None:
    Image.new("RGB", (3000, 100)).save(images / "images" / "nauha.png")

    logo = Pictures(gallery).logo("images/nauha.png")

    assert (logo.width, logo.height) == (512, 17)


def test_logos_are_lower_than_the_emblem(gallery: Gallery) -> None:
    pictures = Pictures(gallery)

    logo, small = pictures.logo("images/kunta.png"), pictures.logo("images/pieni.gif")
    foreign = pictures.logo("https://example.fi/x.png")

    assert (logo.width, logo.height) == (192, 48)
    assert (small.width, small.height) == (30, 40)
    assert (foreign.width, foreign.height) == (None, 48)
    emblem = pictures.emblem()
    assert emblem.height is not None
    assert emblem.height - 8 > 48


def dots(gallery: Gallery) -> list[tuple[int, int]]:
    """Measure what is published, in the order of its coming."""
    return [Image.open(io.BytesIO(content)).size for content in gallery.files.values()]


def test_an_image_is_exported_with_two_dots_to_a_pixel(gallery: Gallery, images: Path) -> None:
    Image.new("RGB", (3000, 1500), "#0e5a78").save(images / "images" / "suuri.jpg")

    wide = gallery.url("images/suuri.jpg", 520)
    narrow = gallery.url("images/suuri.jpg", 248)

    assert (wide[1:], narrow[1:]) == ((520, 260), (248, 124))
    assert dots(gallery) == [(1040, 520), (496, 248)]
    assert gallery.url("images/suuri.jpg", 520) == wide
    assert len(gallery.files) == 2


def test_an_image_is_never_shown_or_exported_larger_than_it_is(gallery: Gallery) -> None:
    assert gallery.url("images/kunta.png", 520)[1:] == (400, 100)
    assert gallery.url("images/kunta.png", 300)[1:] == (300, 75)
    assert dots(gallery) == [(400, 100)]


def test_a_logo_is_exported_for_its_height_alone(gallery: Gallery) -> None:
    Pictures(gallery).logo("images/kunta.png")

    assert dots(gallery) == [(384, 96)]


def test_measuring_publishes_nothing(gallery: Gallery) -> None:
    assert gallery.size("images/torit.jpg") == (1040, 520)
    assert gallery.size("https://example.fi/x.jpg") is None
    assert gallery.files == {}


def test_an_address_may_be_of_any_form(images: Path) -> None:
    gallery = Gallery([images], lambda name: f"cid:{name}@example.fi")

    url = gallery.url("images/kunta.png", 520)[0]

    assert url == f"cid:{next(iter(gallery.files))}@example.fi"
    assert gallery.keep(b"BEGIN:VCALENDAR", "ics").endswith(".ics@example.fi")


def test_a_heavy_image_is_remarked_with_its_weight(gallery: Gallery, images: Path) -> None:
    Image.effect_noise((1040, 780), 90).save(images / "images" / "kohina.jpg", quality=95)

    gallery.url("images/kohina.jpg", 520)
    gallery.url("images/torit.jpg", 520)

    assert [remark.src for remark in gallery.remarks] == ["images/kohina.jpg"]
    assert gallery.remarks[0].bytes == len(next(iter(gallery.files.values()))) > 200_000


def test_exports_are_kept_and_made_anew_when_the_kept_one_is_damaged(
    images: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache" / "images"
    Image.new("RGB", (2000, 1000), "#0e5a78").save(images / "images" / "suuri.jpg")

    def made() -> dict[str, bytes]:
        gallery = Gallery([images], "https://example.fi/media", cache=cache)
        gallery.url("images/suuri.jpg", 520)
        return gallery.files

    first = made()
    (kept,) = cache.iterdir()
    assert next(iter(first.values())) in kept.read_bytes()
    before = kept.stat().st_mtime_ns
    assert made() == first
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(kept.read_bytes()[:-1])
    assert made() == first
    assert next(iter(first.values())) in kept.read_bytes()


def test_a_folder_that_cannot_keep_exports_is_no_fault(images: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    gallery = Gallery([images], "https://example.fi/media", cache=tmp_path / "file" / "images")

    assert gallery.url("images/torit.jpg", 520)[1:] == (520, 260)
