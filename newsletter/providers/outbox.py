"""The embedded provider: nothing leaves this machine, every mail becomes an .eml file.

A file appears whole or not at all, and its name holds the delivery's key: what is there counts as
accepted, for ever, so that a killed run can be repeated.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from newsletter.errors import ProviderError
from newsletter.providers import Batch, Capabilities, Outcome, Recipient, State, guard, mime
from newsletter.providers.choices import ProviderSettings, read
from newsletter.providers.lookup import Sought, Wait


class Settings(ProviderSettings):
    """The outbox can be set to nothing: its folder is the workspace's."""


class Provider:
    """Writes outbox/<mailing>/<address>--<key>.eml; safe to share between threads."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Outbox",
        batch_size=500,
        own_unsubscribe="yes",
        own_message_id=True,
        tracking="none",
        test_mode="it sends nothing",
        region="this machine",
        idempotency=timedelta(days=36500),
        idempotency_per_recipient=True,
        sends=False,
        inline_images=True,
        lookup="Whether the file is there: certain both ways, for as long as the folder is kept.",
        notes=("Writes one .eml file per recipient, which mail programs open by double click.",),
    )

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self.account: Final = str(folder)

    @classmethod
    def create(
        cls, settings: Mapping[str, Any], *, environment: Mapping[str, str], outbox: str
    ) -> Self:
        """Make the provider for a folder, which is made when first written to."""
        del environment
        read(Settings, settings, provider="outbox")
        return cls(Path(outbox))

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Write a batch; its outcomes come when all of it is safe on the disk."""
        clear, refused = guard.screen(batch)
        if refused:
            yield refused
        if not clear.recipients:
            return
        _check(clear)
        written: list[Outcome] = []
        failure: OSError | None = None
        try:
            folder = self._open(clear.mailing)
            for recipient in clear.recipients:
                _write(folder / name_of(recipient), clear, recipient)
                written.append(
                    Outcome(recipient.key, State.ACCEPTED, provider_id=recipient.message_id)
                )
        except OSError as error:
            failure = error
        if written:
            with _told(self._folder):
                _keep_names(folder)
            yield written
        if failure:
            with _told(self._folder):
                raise failure

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Look for the files."""
        del since, until, wait
        folder = self._folder / _slug(mailing)
        yield [
            Outcome(mail.key, State.ACCEPTED)
            if (folder / _name(mail.address, mail.key)).is_file()
            else Outcome(mail.key, State.RETRY, "the outbox has no such file")
            for mail in sought
        ]

    def close(self) -> None:
        """Nothing is held open."""

    def _open(self, mailing: str) -> Path:
        folder = self._folder / _slug(mailing)
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _keep_names(folder.parent)
        return folder


def name_of(recipient: Recipient) -> str:
    """Name the file of one recipient: readable, safe, and the same whenever it is asked."""
    return _name(recipient.address, recipient.key)


def _name(address: str, key: str) -> str:
    return f"{_slug(address.replace('@', '-at-'))}--{key}.eml"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:80] or "mail"


def _check(batch: Batch) -> None:
    """Read the first message of a batch back, since what is wrong with one is with all."""
    if faults := mime.verify(mime.build(batch.message, batch.recipients[0], batch.date)):
        raise ProviderError(f"the mail breaks the rules of mail: {'; '.join(faults)}")


def _write(file: Path, batch: Batch, recipient: Recipient) -> None:
    """Write one file so that it is there whole and for good, or not at all."""
    if file.exists():
        return
    temporary = file.with_name(f".{file.name}.part")
    with temporary.open("wb") as stream:
        stream.write(mime.build(batch.message, recipient, batch.date))
        stream.flush()
        os.fsync(stream.fileno())
    # A run that lost its lease may have been faster; both wrote the same bytes.
    try:
        temporary.replace(file)
    except FileNotFoundError:
        if not file.exists():
            raise


def _keep_names(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Tell why the disk refused."""
    try:
        yield
    except OSError as error:
        raise ProviderError(
            f"the outbox {folder} cannot be written: {error.strerror or error}",
            hint="free some space or mend the permissions, then send again",
        ) from error
