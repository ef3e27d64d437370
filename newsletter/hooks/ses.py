"""Amazon SES: events by SNS, several recipients in one (docs.aws.amazon.com/ses, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from newsletter.hooks import Call, Told, sns
from newsletter.hooks.reading import OTHER, Bag, Meaning, json_of, key_in, told

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
}
_PEOPLE: Final = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients"),
    "Delivery": ("delivery", "recipients"),
}
_NOT_TRIED: Final = ("Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient")
_FILTERED: Final = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")


class Hook:
    """The key is the ARN of the topic."""

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
        text = message.text("Message")
        whole = message.value("Message")
        # SNS itself, and a first test of SES, write plain words.
        event = Bag(json_of(whole) if isinstance(whole, str) and text.startswith("{") else None)
        return _all(event, message.text("MessageId"))


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
        text=person.text("diagnosticCode"),
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
    return _MEANINGS.get(name, OTHER)
