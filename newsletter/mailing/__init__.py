"""Mailing: an issue's editions go to an audience, once per person, and every one is accounted for.

    expect ─▶ plan ─▶ dispatch ─▶ accounts

The ledger: a delivery is frozen when it is planned; its result is inserted once. What is still open
stands on the batch: planned ▸ handing_over ▸ done | unknown. Nothing is updated person by person.
"""

from newsletter.mailing.books import STATES, Accounts, Delivery, Summary, accounts, people
from newsletter.mailing.books import mailings_of as mailings
from newsletter.mailing.checking import check
from newsletter.mailing.clock import Clock, Stop, SystemClock
from newsletter.mailing.forecast import Forecast, Missing, expect
from newsletter.mailing.owner import FileOwner, Owner
from newsletter.mailing.planning import plan
from newsletter.mailing.run import dispatch
from newsletter.mailing.steps import (
    Answered,
    Excluded,
    HandedOver,
    Lost,
    Progress,
    Resting,
    Step,
    Uncertain,
    Waiting,
)

__all__ = [
    "STATES",
    "Accounts",
    "Answered",
    "Clock",
    "Delivery",
    "Excluded",
    "FileOwner",
    "Forecast",
    "HandedOver",
    "Lost",
    "Missing",
    "Owner",
    "Progress",
    "Resting",
    "Step",
    "Stop",
    "Summary",
    "SystemClock",
    "Uncertain",
    "Waiting",
    "accounts",
    "check",
    "dispatch",
    "expect",
    "mailings",
    "people",
    "plan",
]
