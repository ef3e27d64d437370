"""Amazon SES: events by SNS, several recipients in one (docs.aws.amazon.com/ses, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Proof, Told, sns
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_BOUNCES: Final[dict[str, Meaning]] = {
    "Permanent": ("bounced", "hard"),
    "Transient": ("bounced", "soft"),
}
_MEANINGS: Final[dict[str, Meaning]] = {
    "Delivery": ("delivered", ""),
    "DeliveryDelay": ("deferred", "soft"),
    "Reject": ("rejected", ""),
    "Rendering Failure": ("rejected", ""),
    "Complaint": ("complained", ""),
    "Bounce": ("bounced", ""),
    **dict.fromkeys(("Send", "Open", "Click"), OTHER),
}
_PEOPLE: Final = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients"),
    "Delivery": ("delivery", "recipients"),
    "Rendering Failure": ("failure", ""),
}
_NOT_TRIED: Final = ("Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient")
_FILTERED: Final = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")


class Hook:
    """The key is the ARN of the topic."""

    proof: ClassVar[Proof] = "sns"
    tells: ClassVar[frozenset[Kind]] = EVENTS

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the message of SNS."""
        sns.verify(call, keys, now)

    def confirm(self, call: Call) -> None:
        """Confirm the topic's subscription."""
        sns.confirm(call)

    def read(self, call: Call) -> list[Told]:
        """Read an event for each of its recipients."""
        message = Bag(json_of(call.body))
        if message.text("Type") != "Notification":
            return []
        whole = message.value("Message")
        # SNS itself, and a first test of SES, write plain words.
        if not isinstance(whole, str) or not whole.startswith("{"):
            return []
        return _all(Bag(json_of(whole)), message.text("MessageId"))


def _all(event: Bag, number: str) -> list[Told]:
    name = event.text("eventType") or event.text("notificationType")
    part, people = _PEOPLE.get(name, ("", ""))
    detail = event.bag(part or name.lower())
    mail = event.bag("mail")
    listed = detail.value(people) or mail.value("destination")
    found: list[object] = listed if isinstance(listed, list) else []
    return [
        _told(
            event, name, detail, Bag(one if isinstance(one, dict) else {"emailAddress": one}), id_
        )
        for place, one in enumerate(found or [""])
        for id_ in [f"{number}/{place}"]
    ]


def _told(event: Bag, name: str, detail: Bag, person: Bag, number: str) -> Told:
    mail = event.bag("mail")
    return told(
        event,
        _meaning(name, detail),
        name,
        ids=(number,),
        at=detail.text("timestamp") or mail.text("timestamp"),
        key=key_in(mail.value("tags"), mail.value("headers")),
        address=person.text("emailAddress"),
        code=person.text("status"),
        text=person.text("diagnosticCode") or detail.text("errorMessage"),
    )


def _meaning(name: str, detail: Bag) -> Meaning:
    if name == "Bounce":
        if detail.text("bounceSubType") in _NOT_TRIED:
            return "rejected", ""
        if detail.text("bounceSubType") in _FILTERED:
            return "bounced", "policy"
        return _BOUNCES.get(detail.text("bounceType"), ("bounced", ""))
    # Somebody moved a mail out of the spam folder.
    if name == "Complaint" and detail.text("complaintFeedbackType") == "not-spam":
        return OTHER
    if name == "Subscription":
        left = detail.value("newTopicPreferences", "unsubscribeAll") is True
        return ("unsubscribed", "") if left else OTHER
    return _MEANINGS.get(name, UNKNOWN)
