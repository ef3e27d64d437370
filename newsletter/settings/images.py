"""[images]: where the images of mails lie."""

from typing import Annotated

from newsletter.settings.kinds import Line, PublicAddress, Section, WebAddress, Word, like


class ImageFolder(Section):
    """A folder that a web server of your own shows."""

    path: Line
    """Where it is; a relative path counts from the workspace."""
    base_url: PublicAddress
    """The address under which readers find its files, e.g. https://kuvat.example.fi/kirje."""


class ImageBucket(Section):
    """A bucket of an S3-compatible service.

    Its keys are in NEWSLETTER_S3_KEY_ID and NEWSLETTER_S3_SECRET in the environment.
    """

    bucket: Annotated[
        str, like(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}", "name a bucket, e.g. kirjeen-kuvat")
    ]
    """Its name."""
    base_url: PublicAddress
    """The address under which readers find the bucket's objects."""
    endpoint: WebAddress | None = None
    """The service's address, when it is not Amazon's."""
    region: Word = "us-east-1"
    """The service's region; some services want "auto"."""
    prefix: Annotated[
        str, like(r"([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?", "name a folder, e.g. kirje")
    ] = ""
    """The folder inside the bucket, e.g. kirje."""


class Images(Section):
    """Where the images of mails lie."""

    hosting: Word = "web"
    """web: served by `newsletter serve`; folder; s3; cid: inside the mails themselves."""
    folder: ImageFolder | None = None
    s3: ImageBucket | None = None
