"""Asking Amazon SES: the account's suppression list. Of single mails only its events tell.

ListSuppressedDestinations and GetAccount (the API's own model in botocore 1.44.5).
"""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.errors import ProviderError
from newsletter.providers import Response, answers
from newsletter.providers.answers import Reading
from newsletter.providers.asking import Asked, Row
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import KeptBack

_TOO_MANY: Final = 429
_LIMIT: Final = re.compile(r"Throttl|TooManyRequests|RequestLimit|SlowDown", re.IGNORECASE)
_QUOTA: Final = re.compile(r"daily|quota", re.IGNORECASE)


class SES(Asked):
    """What Amazon SES tells of an account in one region."""

    def reading(self, response: Response) -> Reading:
        """Read an answer's meaning: a limit of the second waits, the day's quota stops."""
        if not limited(response):
            return super().reading(response)
        return Reading.STOP if _QUOTA.search(self.said(response)) else Reading.RETRY

    def probe(self, wait: Wait) -> str:
        """Ask for the account; a key that may only send is told so, and so is right."""
        try:
            self.told("/v2/email/account", {}, wait)
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


def fault(response: Response) -> str:
    """Give a refusal's name, as botocore 1.44.5 finds it: in a header, else in the body.

    "BadRequestException:http://…" and "com.amazon.coral#BadRequestException" are the same.
    """
    said = response.headers.get("x-amzn-errortype") or (
        answers.field_of(response, "code") or answers.field_of(response, "__type")
    )
    return said.partition(":")[0].rpartition("#")[2]


def limited(response: Response) -> bool:
    """Tell whether an account's limit was met: by the status, or by a name under 400.

    Amazon's doors tell of a limit as "ThrottlingException" under 400, its newer services under 429;
    its own clients wait for both (botocore 1.44.5, retries/standard.py).
    """
    return response.status == _TOO_MANY or bool(
        response.status == 400 and _LIMIT.search(fault(response))  # noqa: PLR2004 - as AWS answers
    )
