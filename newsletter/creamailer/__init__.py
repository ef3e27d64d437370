"""Creamailer: the account that a team has there, kept in step with the register.

sync = Sync(store, Account.of(settings, os.environ), …)
sync.read()         # may raise SpentError: the hour's calls are used up, call it again later
plan = sync.plan()  # changes nothing
sync.carry_out()    # may raise SpentError, too
"""

from newsletter.creamailer.account import SECRET, TOKEN, Account
from newsletter.creamailer.budget import Forecast, SpentError
from newsletter.creamailer.here import Terms
from newsletter.creamailer.planning import Kind
from newsletter.creamailer.sync import Plan, Report, Sync, alone

__all__ = [
    "SECRET",
    "TOKEN",
    "Account",
    "Forecast",
    "Kind",
    "Plan",
    "Report",
    "SpentError",
    "Sync",
    "Terms",
    "alone",
]
