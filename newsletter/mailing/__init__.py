"""Mailing: an issue's editions go to an audience, once per person, and every one is accounted for.

    expect ─▶ plan ─▶ dispatch ─▶ accounts

    planning     whom it goes to, frozen in one transaction      trials    subjects tried on a part
    handing      claim, screen, mark, call, record: one batch    limits    pace, warm-up, brakes
    control      what people wish, and what holds a mailing      engines   threads, or workers
    reconciling  what became of the unknown                      status    who is where, just now
    sequences    short series, as small mailings                 ledger    the rows and the accounts

The ledger: a delivery is frozen when it is planned; its result is inserted once. What is still open
stands on the batch: planned ▸ handing_over ▸ done | unknown. Nothing is updated person by person.
"""

from newsletter.mailing.clock import Clock, Stop, SystemClock
from newsletter.mailing.control.approval import (
    Approval,
    approvals_of,
    approve,
    digest,
    parts,
    refuse_unapproved,
)
from newsletter.mailing.control.quiet import ends as quiet_until
from newsletter.mailing.control.schedule import Schedule, read_schedule, said
from newsletter.mailing.control.standing import Standing, standing_of, standings_of
from newsletter.mailing.control.wishes import mail_despite_quiet, pause, reschedule, resume
from newsletter.mailing.handing.cancelling import Settled, cancel, settle_cancelled
from newsletter.mailing.handing.run import Run, Worked, dispatch
from newsletter.mailing.handing.work import Work
from newsletter.mailing.home import adopt
from newsletter.mailing.ledger.books import STATES, Accounts, Summary, accounts, mailing_of
from newsletter.mailing.ledger.books import mailings_of as mailings
from newsletter.mailing.ledger.checking import check
from newsletter.mailing.ledger.settling import settle_by_events
from newsletter.mailing.owner import FileOwner, Owner
from newsletter.mailing.planning.forecast import Forecast, Missing, expect
from newsletter.mailing.planning.plan import plan
from newsletter.mailing.sessions import SessionOwner, make_owner
from newsletter.mailing.status.rollcall import GROUPS, Delivery, look_at, people
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
    "GROUPS",
    "STATES",
    "Accounts",
    "Answered",
    "Approval",
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
    "Run",
    "Schedule",
    "SessionOwner",
    "Settled",
    "Standing",
    "Step",
    "Stop",
    "Summary",
    "SystemClock",
    "Uncertain",
    "Waiting",
    "Work",
    "Worked",
    "accounts",
    "adopt",
    "approvals_of",
    "approve",
    "cancel",
    "check",
    "digest",
    "dispatch",
    "expect",
    "look_at",
    "mail_despite_quiet",
    "mailing_of",
    "mailings",
    "make_owner",
    "parts",
    "pause",
    "people",
    "plan",
    "quiet_until",
    "read_schedule",
    "refuse_unapproved",
    "reschedule",
    "resume",
    "said",
    "settle_by_events",
    "settle_cancelled",
    "standing_of",
    "standings_of",
]
