"""Images in a bucket of an S3-compatible service: [images.s3]; `pip install 'newsletter-desk[s3]'`.

What readers may see is the bucket's business: make its objects public there, or put a content
network before it. The tool sets no access rights.
"""

import base64
import hashlib
import importlib
from collections.abc import Mapping
from typing import Any, Final, Self

from newsletter.errors import InputError, NewsletterError, ProviderError
from newsletter.settings import ImageBucket
from newsletter.workspace import Workspace

KEY_ID: Final = "NEWSLETTER_S3_KEY_ID"
SECRET: Final = "NEWSLETTER_S3_SECRET"  # noqa: S105 - the variable's name
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    "gif": "image/gif",
    "ics": "text/calendar; charset=utf-8",
    "jpg": "image/jpeg",
    "png": "image/png",
}
_MISSING: Final = "404"
_HIDDEN: Final = "403"
"""The answer for a missing object, too, where the key may not list the bucket."""
_THERE: Final = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_HINTS: Final = {
    "AccessDenied": "let the key read and write objects of the bucket: s3:GetObject, s3:PutObject",
    "403": "let the key read and write objects of the bucket: s3:GetObject, s3:PutObject",
    "InvalidAccessKeyId": f"check {KEY_ID}",
    "SignatureDoesNotMatch": f"check {SECRET}",
    "NoSuchBucket": "check bucket in [images.s3]",
    "404": "check bucket in [images.s3]",
    "PermanentRedirect": "check region in [images.s3]",
}


class Host:
    """Puts images into a bucket."""

    def __init__(self, chosen: ImageBucket, environment: Mapping[str, str]) -> None:
        self._chosen: Final = chosen
        self._environment: Final = environment

    @classmethod
    def create(cls, workspace: Workspace, *, environment: Mapping[str, str]) -> Self:
        """Make the host from [images.s3]."""
        chosen = workspace.settings.images.s3
        if chosen is None:
            raise InputError(
                'hosting = "s3" needs [images.s3]',
                hint="set its bucket and its base_url in newsletter.toml",
            )
        return cls(chosen, environment)

    def url(self, name: str) -> str:
        """Give a file's address in a mail."""
        return f"{self._chosen.base_url}/{self._key(name)}"

    def copy_url(self, name: str) -> str:
        """Give a file's address in the public copy: the same."""
        return self.url(name)

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Upload what is missing; raises InputError for a missing key, ProviderError on refusal."""
        client = _client(self._chosen, self._environment)
        botocore = importlib.import_module("botocore.exceptions")
        try:
            for name, content in files.items():
                self._put(client, botocore.ClientError, name, content)
        except botocore.ClientError as error:
            raise self._refused(error) from error
        except botocore.BotoCoreError as error:
            raise ProviderError(
                f"{self._where} cannot be reached: {error}",
                hint="check endpoint in [images.s3] and the network; nothing was sent",
            ) from error
        finally:
            client.close()

    @property
    def _where(self) -> str:
        return f"the bucket {self._chosen.bucket!r}"

    def _key(self, name: str) -> str:
        return f"{self._chosen.prefix}/{name}".lstrip("/")

    def _put(self, client: Any, refusal: type[Exception], name: str, content: bytes) -> None:  # noqa: ANN401 - botocore makes its clients' classes at run time
        digest = hashlib.sha256(content).hexdigest()
        target = {"Bucket": self._chosen.bucket, "Key": self._key(name)}
        try:
            self._compare(name, client.head_object(**target), len(content), digest)
        except refusal as error:
            if _code(error) not in {_MISSING, _HIDDEN}:
                raise
            # Where we may not see whether it is there, the service must look.
            condition = {"IfNoneMatch": "*"} if _code(error) == _HIDDEN else {}
        else:
            return
        try:
            client.put_object(
                **target,
                **condition,
                Body=content,
                ContentType=_TYPES.get(name.rpartition(".")[2], "application/octet-stream"),
                CacheControl=_FOR_EVER,
                ContentMD5=base64.b64encode(_md5(content)).decode(),
                Metadata={"sha256": digest},
            )
        except refusal as error:
            if not condition or _code(error) not in _THERE:
                raise

    def _compare(self, name: str, head: Mapping[str, Any], length: int, digest: str) -> None:
        """Raise InputError when what is there is another content."""
        found = head.get("Metadata", {}).get("sha256", digest)
        if head.get("ContentLength") != length or found != digest:
            raise InputError(
                f"{self._where} holds something else than the image under {self._key(name)!r}",
                hint="it is named by its content, so it is damaged: move it away, then do it again",
            )

    def _refused(self, error: Exception) -> NewsletterError:
        code = _code(error)
        return ProviderError(
            f"{self._where} refuses: {error}",
            hint=_HINTS.get(code, "see [images.s3]; nothing was sent"),
        )


def _code(error: Exception) -> str:
    """Read what the service calls its refusal."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _md5(content: bytes) -> bytes:
    """Hash what the service compares on arrival; nothing rests on it against an attacker."""
    return hashlib.md5(content, usedforsecurity=False).digest()


def _client(chosen: ImageBucket, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
    key_id, secret = _key_of(environment, KEY_ID), _key_of(environment, SECRET)
    try:
        session = importlib.import_module("botocore.session")
        config = importlib.import_module("botocore.config")
    except ModuleNotFoundError as error:
        raise InputError(
            'hosting = "s3" needs the package botocore',
            hint="install it: pip install 'newsletter-desk[s3]'",
        ) from error
    return session.Session().create_client(
        "s3",
        region_name=chosen.region,
        endpoint_url=chosen.endpoint,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=config.Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"total_max_attempts": 3, "mode": "standard"},
            # Names of buckets as parts of host names are Amazon's own way.
            s3={"addressing_style": "path" if chosen.endpoint else "auto"},
            # Other services do not know Amazon's newer checksums (boto3 issue 4392, 2025).
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        ),
    )


def _key_of(environment: Mapping[str, str], variable: str) -> str:
    key = environment.get(variable, "")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(
            f'hosting = "s3" needs its key in {variable}',
            hint=f"set it in the environment: export {variable}=…",
        )
    return key
