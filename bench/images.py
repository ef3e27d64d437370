"""A photograph of a telephone made fit for mail, against what Pillow alone needs for it."""

import io
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops

from bench.figures import Figure, compare, in_process
from newsletter.render import scaling
from newsletter.render.exports import Exports


def figures() -> Iterator[Figure]:
    content = photograph()

    def ours() -> object:
        return scaling.export(content, "photograph.jpg", 520)

    def bare() -> object:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("", (1040, 780))
            small = image.resize((1040, 780), Image.Resampling.LANCZOS)
        small.save(io.BytesIO(), "JPEG", quality=80, progressive=True, optimize=True)
        return small

    yield compare(
        "export a photograph of 4000 x 3000 : Pillow alone",
        in_process(ours, 5),
        in_process(bare, 5),
    )
    with tempfile.TemporaryDirectory() as folder:
        exports = Exports(Path(folder))
        exports.get(content, "photograph.jpg", 520)

        def kept() -> object:
            return exports.get(content, "photograph.jpg", 520)

        yield compare(
            "find its export in the cache : make it", in_process(kept, 50), in_process(ours, 5)
        )


def photograph() -> bytes:
    """Make 12 million pixels that are as hard to pack as a real photograph's."""
    dots = random.Random(1).randbytes(1000 * 750)
    grain = Image.frombytes("L", (1000, 750), dots).resize((4000, 3000)).convert("RGB")
    bands = [Image.radial_gradient("L"), Image.linear_gradient("L"), Image.linear_gradient("L")]
    image = Image.merge("RGB", bands).resize((4000, 3000))
    stream = io.BytesIO()
    ImageChops.add(image, grain, 2).save(stream, "JPEG", quality=90)
    return stream.getvalue()
