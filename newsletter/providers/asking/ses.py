"""Asking Amazon SES: the account's suppression list. Of single mails only its events tell.

ListSuppressedDestinations and GetAccount (the API's own model in botocore 1.44.5).
"""

from collections.abc import Iterator

from newsletter.errors import ProviderError
from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack


class SES(Asked):
    """What Amazon SES tells of an account in one region."""

    def probe(self, wait: Wait) -> str:
        """Ask for the account; a key that may only send is told so, and so is right."""
        try:
            self.ask("/v2/email/account", {}, wait)
        except ProviderError as error:
            if "not authorized to perform" in error.message:
                return "Amazon SES knows the key, which may not read"
            raise
        return "Amazon SES knows the key"

    def suppressed(self, wait: Wait) -> Iterator[list[KeptBack]]:
        """Read the account's list."""

        def read(cursor: str) -> tuple[list[Row], str]:
            after = {"NextToken": cursor} if cursor else {}
            asked = {"PageSize": "1000", **after}
            told = self.told("/v2/email/suppression/addresses", asked, wait)
            page = self.rows(told, "SuppressedDestinationSummaries")
            return page, str(told.get("NextToken") or "")

        for page in self.by_cursor(read):
            yield [
                self.kept(
                    row,
                    "EmailAddress",
                    "complained" if row.get("Reason") == "COMPLAINT" else "bounced",
                    at=row.get("LastUpdateTime"),
                )
                for row in page
            ]
