"""Each recipient's own links: out, to their settings, and the token for leaving by mail."""

from collections.abc import Collection, Sequence
from typing import Final

from newsletter.mailing.envelope import Envelope
from newsletter.register.tokens import Tokens
from newsletter.settings.register import LEAVE_TOKEN, PREFERENCES, UNSUBSCRIBE


class Links:
    """Makes the links of one mailing's recipients."""

    def __init__(self, envelope: Envelope, keys: Sequence[str]) -> None:
        self._issue: Final = envelope.issue
        self._by_mail: Final = envelope.leave_address is not None
        self._leave: Final = f"{envelope.public_url}/u/"
        self._preferences: Final = f"{envelope.public_url}/preferences/"
        self._tokens: Final = Tokens(keys)

    def of(self, subscriber_id: int, list_id: str, fields: Collection[str]) -> dict[str, str]:
        """Give the values for one recipient; `fields` are those that the edition has slots for.

        What has no slot is left out: a mail planned by an older version stays as it was.
        """
        tokens = self._tokens
        links = {UNSUBSCRIBE: self._leave + tokens.unsubscribe(subscriber_id, list_id, self._issue)}
        if PREFERENCES in fields:
            links[PREFERENCES] = self._preferences + tokens.preferences(subscriber_id)
        if self._by_mail:
            links[LEAVE_TOKEN] = tokens.mail(subscriber_id, list_id)
        return links
