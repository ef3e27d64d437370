import io
import random
import struct
import tracemalloc
import zlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter

from newsletter.errors import InputError
from newsletter.render import packing, scaling

CORNERS: Final = ["#c00000", "#00a000", "#0000c0", "#e0e000"]
"""Upper left, upper right, lower left, lower right."""
UNDO: Final = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera that is held so would have stored what is seen."""
SECRET: Final = b"61.4991N 26.2525E"


def quarters(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(CORNERS):
        x, y = number % 2 * (width // 2), number // 2 * (height // 2)
        draw.rectangle((x, y, x + width // 2, y + height // 2), fill=colour)
    return image


def photograph(width: int, height: int) -> Image.Image:
    """Make something as restless as a photograph."""
    bands = [Image.radial_gradient("L"), Image.linear_gradient("L"), Image.linear_gradient("L")]
    image = Image.merge("RGB", bands).resize((width, height))
    dots = random.Random(width).randbytes(width * height)
    noise = Image.frombytes("L", (width, height), dots).convert("RGB")
    return ImageChops.add(image, noise.filter(ImageFilter.GaussianBlur(1)), 2)


def written(image: Image.Image, kind: str, **how: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def position() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    return exif


def near(found: object, colour: str, most: int = 12) -> bool:
    wanted = bytes.fromhex(colour[1:])
    assert isinstance(found, tuple)
    return all(abs(one - other) <= most for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    seen, undo = quarters(300, 200), UNDO[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = written(seen.transpose(undo) if undo is not None else seen, kind, exif=exif)

    made = opened(scaling.export(content, "x", 60)).convert("RGB")

    look = scaling.look(content, "x")
    assert (look.width, look.height) == (300, 200)
    assert made.size == (120, 80)
    corners = [made.getpixel(place) for place in ((10, 10), (110, 10), (10, 70), (110, 70))]
    assert all(near(found, colour) for found, colour in zip(corners, CORNERS, strict=True))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    assert scaling.look(written(quarters(30, 20), "JPEG", exif=exif), "x").orientation == 1


def test_an_exif_that_is_broken_does_not_make_the_picture_so() -> None:
    content = written(quarters(300, 200), "JPEG", exif=b"Exif\0\0no TIFF at all")

    assert scaling.look(content, "x").orientation == 1
    assert opened(scaling.export(content, "x", 60)).size == (120, 80)


@pytest.mark.parametrize("size", [(1040, 780), (90, 60)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_where_a_photograph_was_taken_is_not_told(kind: str, size: tuple[int, int]) -> None:
    how = {"comment": SECRET} if kind == "JPEG" else {}
    packet = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = written(
        quarters(*size), kind, exif=position(), xmp=packet, icc_profile=profile, **how
    )
    assert SECRET in content

    made = scaling.export(content, "x", 45)

    assert SECRET not in made
    assert b"Exif" not in made
    assert not opened(made).getexif()
    assert "icc_profile" not in opened(made).info


def test_text_in_a_png_is_dropped_even_when_nothing_is_scaled() -> None:
    content = written(quarters(40, 20), "PNG")
    chunk = b"tEXt" + b"Comment\0" + SECRET
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))

    made = scaling.export(content, "x", 520)

    assert SECRET not in made
    assert opened(made).size == (40, 20)


@pytest.mark.parametrize("tail", [SECRET, SECRET + b"\xff\xd9"])
def test_what_hangs_behind_the_picture_is_cut_off(tail: bytes) -> None:
    for kind in ("JPEG", "PNG"):
        assert SECRET not in scaling.export(written(quarters(40, 20), kind) + tail, "x", 520)


def test_the_second_picture_of_a_telephone_is_left_out() -> None:
    content = written(
        quarters(400, 200), "MPO", save_all=True, append_images=[quarters(40, 20)], exif=position()
    )
    assert opened(content).format == "MPO"

    made = scaling.export(content, "x", 520)

    assert scaling.look(content, "x").kind == "JPEG"
    assert (opened(made).format, opened(made).size) == ("JPEG", (400, 200))
    assert SECRET not in made


def test_a_jpeg_that_is_fit_already_stays_byte_for_byte() -> None:
    content = written(quarters(400, 200), "JPEG", quality=70)

    assert scaling.export(content, "x", 520) == content
    assert scaling.export(content, "x") == content
    assert scaling.export(content, "x", 100) != content


def test_a_jpeg_that_is_too_heavy_is_packed_anew() -> None:
    content = written(photograph(1040, 780), "JPEG", quality=98)
    assert len(content) > scaling.HEAVY

    made = scaling.export(content, "x", 520)

    assert len(made) < len(content) / 2
    assert opened(made).size == (1040, 780)


def test_of_two_pngs_of_the_same_size_the_lighter_one_is_taken() -> None:
    content = written(quarters(400, 200), "PNG", compress_level=0)
    light = scaling.export(content, "x", 520)

    assert len(light) < len(content) / 10
    assert scaling.export(light, "x", 520) == light


@pytest.mark.slow
def test_a_photograph_is_a_progressive_jpeg_whatever_it_was_saved_as() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        made = opened(scaling.export(written(photograph(650, 450), kind), "x", 260))

        assert (made.format, made.size) == ("JPEG", (520, 360))
        assert "progressive" in made.info


def test_a_drawing_stays_png_with_a_palette_and_its_flat_colours() -> None:
    image = Image.new("RGB", (1600, 900), "#fffdf9")
    draw = ImageDraw.Draw(image)
    for number in range(8):
        draw.ellipse((number * 190, 100, number * 190 + 170, 800), fill=CORNERS[number % 4])

    made = opened(scaling.export(written(image, "PNG"), "x", 520))

    assert (made.format, made.mode, made.size) == ("PNG", "P", (1040, 585))
    assert near(made.convert("RGB").getpixel((2, 2)), "#fffdf9", most=1)
    assert near(made.convert("RGB").getpixel((55, 292)), CORNERS[0], most=1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_transparency_is_kept(kind: str) -> None:
    image = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((100, 100, 500, 500), fill="#0e5a78")

    made = opened(scaling.export(written(image, kind), "x", 100)).convert("RGBA")

    assert made.size == (200, 200)
    assert made.getchannel("A").getpixel((2, 2)) == 0
    assert near(made.getpixel((100, 100)), "#0e5a78ff")


def test_the_edges_of_a_transparent_drawing_do_not_darken() -> None:
    image = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((301, 0, 600, 600), fill="#ffffff")

    made = opened(scaling.export(written(image, "PNG"), "x", 100)).convert("RGBA")

    visible = made.getchannel("A").point(lambda alpha: 255 if alpha > 32 else 0)
    shades = Image.composite(made.getchannel("R"), Image.new("L", made.size, 255), visible)
    assert not any(shades.histogram()[:247])
    assert any(made.getchannel("A").histogram()[33:223])


def test_a_transparent_photograph_keeps_all_its_colours() -> None:
    image = photograph(300, 200).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))

    made = opened(scaling.export(written(image, "PNG"), "x", 150))

    assert made.mode == "RGBA"
    assert not any(band.getbbox() for band in ImageChops.difference(made, image).split())


def test_transparency_that_nobody_sees_is_dropped() -> None:
    made = opened(scaling.export(written(photograph(900, 600).convert("RGBA"), "PNG"), "x", 300))

    assert made.format == "JPEG"


def test_colours_of_another_profile_are_brought_to_srgb() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    image = Image.new("RGB", (200, 100), "#ff0000")

    for kind in ("JPEG", "PNG", "WEBP"):
        how = {"lossless": True} if kind == "WEBP" else {}
        content = written(image, kind, icc_profile=bytes(profile), **how)
        made = opened(scaling.export(content, "x", 50)).convert("RGB")
        assert near(made.getpixel((50, 20)), "#00ff00")
    content = written(image.convert("RGBA"), "PNG", icc_profile=bytes(profile))
    assert near(opened(scaling.export(content, "x", 50)).convert("RGB").getpixel((9, 9)), "#00ff00")


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200])
def test_a_profile_that_cannot_be_read_is_dropped(profile: bytes) -> None:
    content = written(quarters(200, 100), "JPEG", icc_profile=profile)

    assert near(opened(scaling.export(content, "x", 50)).getpixel((5, 5)), CORNERS[0])


def test_a_profile_of_another_kind_of_image_is_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = written(Image.new("L", (200, 100), 100), "JPEG", icc_profile=profile)

    assert opened(scaling.export(content, "x", 50)).getpixel((5, 5)) == 100


def test_inks_become_light() -> None:
    content = written(Image.new("CMYK", (200, 100), (255, 0, 0, 0)), "JPEG")

    made = opened(scaling.export(content, "x", 50))

    assert made.mode == "RGB"
    assert near(made.getpixel((5, 5)), "#00ffff")


def test_sixteen_bits_become_eight() -> None:
    content = written(Image.new("I;16", (200, 100), 40_000), "PNG")

    assert opened(scaling.export(content, "x", 50)).convert("L").getpixel((5, 5)) == 156


def test_a_moving_picture_is_passed_on_as_it_is() -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in CORNERS]
    content = written(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert scaling.export(content, "x", 10) == content


def test_a_still_gif_becomes_png() -> None:
    made = scaling.export(written(quarters(60, 40), "GIF"), "x", 520)

    assert packing.suffix(made) == "png"
    assert near(opened(made).convert("RGB").getpixel((5, 5)), CORNERS[0])


def test_what_is_too_heavy_in_the_end_is_refused_with_a_way_out() -> None:
    frames = [
        Image.frombytes("L", (600, 600), random.Random(number).randbytes(600 * 600))
        for number in range(4)
    ]
    moving = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    still = Image.frombytes("RGBA", (600, 600), random.Random(1).randbytes(600 * 600 * 4))

    with pytest.raises(InputError, match=r"image 'a\.gif' weighs \d\.\d MB in the mail") as caught:
        scaling.export(moving, "a.gif", 520)
    assert "animation" in caught.value.hint
    with pytest.raises(InputError, match=r"image 'a\.png' weighs 1\.4 MB") as caught:
        scaling.export(written(still, "PNG"), "a.png", 520)
    assert "JPEG" in caught.value.hint


def patched(kind: str, side: int) -> bytes:
    """Write a small image whose header claims `side` pixels each way."""
    content = bytearray(written(Image.new("RGB", (64, 64)), kind))
    if kind == "PNG":
        struct.pack_into(">II", content, 16, side, side)
        struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    elif kind == "GIF":
        struct.pack_into("<HH", content, 6, side, side)
    else:
        frame = content.index(b"\xff\xc0")
        struct.pack_into(">HH", content, frame + 5, side, side)
    return bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG"])
@pytest.mark.parametrize("side", [8_200, 11_000, 60_000])
def test_a_bomb_is_refused_before_it_is_unpacked(kind: str, side: int) -> None:
    with pytest.raises(InputError, match="has more than 64 million pixels"):
        scaling.export(patched(kind, side), "x", 520)


@pytest.mark.parametrize(
    "chunk", [b"zTXt" + b"k\0\0", b"iCCP" + b"k\0\0", b"iTXt" + b"k\0\1\0\0\0"]
)
def test_a_bomb_in_the_words_beside_a_picture_does_not_go_off(chunk: bytes) -> None:
    content = written(quarters(40, 20), "PNG")
    chunk += zlib.compress(bytes(200_000_000))
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    content = content[:33] + chunk + content[33:]

    tracemalloc.start()
    try:
        made = scaling.export(content, "x", 520)
    except InputError as error:
        assert "is damaged" in error.message  # noqa: PT017 - either way is safe
    else:
        assert len(made) < 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20_000_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_half_an_image_is_refused_as_damaged(kind: str) -> None:
    content = written(photograph(200, 100), kind)

    with pytest.raises(InputError, match=r"image 'x\.jpg' is (damaged|no JPEG)") as caught:
        scaling.export(content[: len(content) // 2], "x.jpg", 50)

    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"<svg/>", b"%PDF-1.7", b"\0" * 5000])
def test_what_is_no_image_is_refused_with_a_hint(content: bytes) -> None:
    with pytest.raises(InputError, match="is no JPEG, PNG or GIF") as caught:
        scaling.look(content, "x")

    assert "SVG" in caught.value.hint


MODES: Final = {
    "JPEG": ["L", "RGB", "CMYK", "YCbCr"],
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "GIF": ["1", "L", "P", "RGB", "RGBA"],
    "WEBP": ["RGB", "RGBA"],
}


@st.composite
def images(draw: st.DrawFn) -> tuple[bytes, tuple[int, int]]:
    """Make an image of any kind, mode, size and orientation; with its size as it is seen."""
    kind = draw(st.sampled_from(sorted(MODES)))
    mode = draw(st.sampled_from(MODES[kind]))
    width, height = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    orientation = draw(st.integers(1, 8)) if kind != "GIF" else 1
    exif = position()
    exif[0x0112] = orientation
    base = photograph(width, height) if draw(st.booleans()) else quarters(width, height)
    image = (
        Image.new(mode, base.size, draw(st.integers(0, 65535)))
        if mode == "I;16"
        else base.convert(mode)
    )
    content = written(image, kind, **({} if kind == "GIF" else {"exif": exif}))
    return content, ((height, width) if orientation >= 5 else (width, height))


@given(images(), st.one_of(st.none(), st.integers(1, 600)))
def test_any_image_keeps_its_proportion_and_its_secrets(
    image: tuple[bytes, tuple[int, int]], shown: int | None
) -> None:
    content, (width, height) = image

    made = scaling.export(content, "x", shown)

    result = opened(made)
    across = min(width, 2 * shown) if shown else width
    assert result.width == across
    assert abs(result.height - height * across / width) <= 0.5 or result.height == 1
    assert result.format in {"JPEG", "PNG"}
    assert result.mode in {"L", "RGB", "RGBA", "P"}
    assert len(made) <= scaling.MOST_BYTES
    assert SECRET not in made
    assert scaling.export(content, "x", shown) == made
    assert scaling.export(made, "x", shown) == made or result.format == "PNG"


@given(images(), st.data())
def test_damaged_bytes_are_refused_or_become_an_image(
    image: tuple[bytes, tuple[int, int]], data: st.DataObject
) -> None:
    content = bytearray(image[0])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))

    try:
        made = scaling.export(bytes(content[:cut]), "x", 20)
    except InputError as error:
        assert "image 'x'" in error.message  # noqa: PT017 - either way is right
    else:
        assert packing.suffix(made) in {"jpg", "png", "gif"}
