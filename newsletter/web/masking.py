"""What the access log may say: which page, never whose.

A path is written only when it is plainly one of the public ones. All else becomes "…": a token
may stand anywhere in an address that a mail program has mangled. The reader's network address
and the query are never written.
"""

import logging
import re
from typing import Final

from newsletter.web.guard import PRIVATE

_PUBLIC: Final = re.compile(
    r"/|/healthz|/favicon\.ico|/assets/[a-z.]{1,20}|/media/[0-9a-f]{12,64}\.[a-z0-9]{2,5}"
    r"|/issues|/issues/feed\.[a-z]{2,3}\.atom|/issues/[a-z0-9_-]{1,40}/[a-z]{2,3}(/[01]{1,12})?"
    r"|/subscribe|/privacy|/accessibility|/sitemap\.xml|/robots\.txt|/openapi\.json"
    r"|/api/subscriptions"
)


def mask(target: str) -> str:
    """Write the target of a request without token, query or anything that could hold one."""
    path = target.partition("?")[0]
    if _PUBLIC.fullmatch(path):
        return path
    lowered = path.lower()
    return next((f"{start}…" for start in PRIVATE if lowered.startswith(start)), "/…")


class Masked(logging.Filter):
    """Takes token, query and network address out of uvicorn's access records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; let it pass."""
        if isinstance(record.args, tuple) and len(record.args) == 5:  # noqa: PLR2004 - uvicorn's
            _client, method, target, version, status = record.args
            record.args = ("-", method, mask(str(target)), version, status)
        else:
            record.msg, record.args = "a request", ()
        return True


LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"masked": {"()": "newsletter.web.masking.Masked"}},
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(message)s"},
        "access": {
            "()": "uvicorn.logging.AccessFormatter",
            "fmt": "%(asctime)s %(request_line)s %(status_code)s",
            "use_colors": False,
        },
    },
    "handlers": {
        "plain": {"class": "logging.StreamHandler", "formatter": "plain"},
        "access": {"class": "logging.StreamHandler", "formatter": "access"},
    },
    "loggers": {
        "newsletter": {"handlers": ["plain"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["plain"], "level": "WARNING", "propagate": False},
        "uvicorn.access": {
            "handlers": ["access"], "filters": ["masked"], "level": "INFO", "propagate": False,
        },
    },
}  # fmt: skip
"""For uvicorn: all to standard error."""
