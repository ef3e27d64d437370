import io
from math import dist

import pytest
from PIL import Image, ImageColor

from newsletter.render import emblem


def picture() -> Image.Image:
    return Image.open(io.BytesIO(emblem.png())).convert("RGB")


def test_twelve_stars_stand_like_hours_on_a_circle_of_a_third_of_the_height() -> None:
    centres = emblem.star_centres(300, 200)

    assert len(centres) == 12
    assert centres[0] == pytest.approx((150, 100 - 200 / 3))
    assert centres[3] == pytest.approx((150 + 200 / 3, 100))
    assert all(dist(centre, (150, 100)) == pytest.approx(200 / 3) for centre in centres)


def test_the_emblem_is_drawn_in_its_colours_on_a_white_plate() -> None:
    image = picture()

    assert image.size == (2 * emblem.WIDTH, 2 * emblem.HEIGHT)
    assert image.getpixel((1, 1)) == (255, 255, 255)
    assert image.getpixel((image.width // 2, image.height // 2)) == ImageColor.getrgb(emblem.BLUE)
    inner = (emblem.WIDTH - 8) * 2, (emblem.HEIGHT - 8) * 2
    assert inner[0] * 2 == inner[1] * 3
    for x, y in emblem.star_centres(*inner):
        assert image.getpixel((round(8 + x), round(8 + y))) == ImageColor.getrgb(emblem.YELLOW)


def test_one_point_of_each_star_is_upright() -> None:
    image = picture()
    height = (emblem.HEIGHT - 8) * 2
    radius = height / 18
    x, y = emblem.star_centres(height * 1.5, height)[6]

    above = image.getpixel((round(8 + x), round(8 + y - radius * 0.6)))
    below = image.getpixel((round(8 + x), round(8 + y + radius * 0.8)))

    assert above == ImageColor.getrgb(emblem.YELLOW)
    assert below == ImageColor.getrgb(emblem.BLUE)


def test_the_emblem_is_a_small_file_and_the_same_each_time() -> None:
    assert len(emblem.png()) < 5_000
    assert emblem.png() is emblem.png()
