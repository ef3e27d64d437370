"""Amazon SES v2 in bulk: one content for up to 50 recipients, filled there with each one's values.

POST /v2/email/outbound-bulk-emails (SendBulkEmail) with a template inside the call: the API's own
model in botocore 1.44.5, and docs.aws.amazon.com/ses (send-personalized-email-api and -advanced,
quotas), read 2026-11.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson

from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    Recipient,
    Request,
    Response,
    State,
    answers,
    headers,
    ses,
    whole,
)
from newsletter.providers.http import Split
from newsletter.providers.variables import Writer

Settings = ses.Settings

PATH: Final = "/v2/email/outbound-bulk-emails"
# Two braces open a place, a third another kind, a backslash before them none (Handlebars): whatever
# of these stands together is kept together, so that none is left beside a place.
_MARKS: Final = re.compile(r"[\\{}]{2,}|[\\{]\Z|\A\}")
_MOST_FIELDS: Final = 15
_LONGEST_VALUE: Final = 995
_LONGEST_FIELD: Final = 996
"""Characters of a header field's name and value together."""
_LONGEST_DATA: Final = 262_144
_ACCOUNT: Final = {
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": 0,
    "CONFIGURATION_SET_NOT_FOUND": 404,
    "CONFIGURATION_SET_SENDING_PAUSED": 0,
    "TEMPLATE_NOT_FOUND": 0,
    "INVALID_SENDING_POOL_NAME": 0,
    "ACCOUNT_SUSPENDED": 402,
    "ACCOUNT_SENDING_PAUSED": 402,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": 429,
}
"""What an entry says of the account, and the status that would say the same of a whole call."""
# "Retry any messages with a failure status" (the API's model): no entry with one was taken.
_STATES: Final = {
    **dict.fromkeys(("ACCOUNT_THROTTLED", "TRANSIENT_FAILURE", "FAILED"), State.RETRY),
    **dict.fromkeys(("MESSAGE_REJECTED", "INVALID_PARAMETER", *_ACCOUNT), State.REFUSED),
}
_NOT_VERIFIED: Final = re.compile(r"not verified", re.IGNORECASE)


class Provider(ses.Provider):
    """Amazon SES, by SendBulkEmail."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Amazon SES in bulk",
        batch_size=50,
        call_bytes=1_000_000,
        own_unsubscribe="yes",
        tracking="call",
        notes=(
            "No idempotency: a call whose answer is lost stays unknown until somebody decides.",
            "SES gives its own Message-ID; the delivery's key comes back in events as a tag.",
            "It cannot be asked of single mails: newsletter reconcile goes by its events alone.",
            "A mail that it takes and cannot fill is told only by the event Rendering Failure.",
            "Values are taken to be filled in once, as they are; not seen on a live account.",
            "Images inside the mail go by `ses`: here it is unclear if the 1 MB a call holds them.",
            "What is above the account's rate is tried again: set [providers.ses_bulk.pace] to it.",
            "Signing needs botocore: pip install 'newsletter-desk[ses]'.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SES_BULK_KEY"
    hints = ses.hints("ses_bulk", "ses:SendBulkEmail and ses:SendBulkTemplatedEmail")

    def request(self, batch: Batch) -> Request:
        """Write one call: the content once, then each recipient's values and header fields."""
        message = batch.message
        self._refuse_fields(message)
        content, writer = _content(message)
        sender = headers.mailbox("From", message.sender_name, message.sender_address)
        answer = {"ReplyToAddresses": [message.reply_to]} if message.reply_to else {}
        body = {
            "FromEmailAddress": sender.replace("\r\n", ""),
            **answer,
            "DefaultContent": {"Template": {"TemplateContent": content, "TemplateData": "{}"}},
            "BulkEmailEntries": [_entry(batch, item, writer) for item in batch.recipients],
        }
        return self.posted(batch, PATH, body)

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one result per entry, in order, under 200 in any case."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self.refusal(batch, response)
        data = answers.json_of(response)
        rows = data.get("BulkEmailEntryResults") if isinstance(data, dict) else None
        if not isinstance(rows, list) or len(rows) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many results")
        found = [
            self._outcome(recipient, row if isinstance(row, dict) else {})
            for recipient, row in zip(batch.recipients, rows, strict=True)
        ]
        refused = [item for item in found if item.state is State.REFUSED]
        account = {item.key for item in refused if _of_account(item.reason)}
        if len(account) == len(found):
            reason = found[0].reason
            raise self.stop(f"refused the call: {reason}", status=_ACCOUNT.get(_name(reason), 0))
        certain = {item.key for item in refused if ses.ADDRESS_FAULT.search(item.reason)}
        return whole.settled(found, certain=certain - account, account=account)

    def too_large(self, request: Request) -> Split | None:
        """Name the recipients whose header fields or values are longer than an entry takes."""
        message, people = request.batch.message, request.batch.recipients
        named = {item.key for item in people if _long_fields(_fields(message, item))}
        if len(request.body) > _LONGEST_DATA:
            _, writer = _content(message)
            named |= {item.key for item in people if len(_data(item, writer)) > _LONGEST_DATA}
        if named:
            reason = "a header field or the personal values are longer than SES takes"
            return Split(reason, certain=False, named=frozenset(named))
        return super().too_large(request)

    def _refuse_fields(self, message: Message) -> None:
        """Raise ProviderError for header fields that no recipient's mail could have."""
        count, same = len(message.headers), _constant(message)
        if count > _MOST_FIELDS:
            raise self.stop(f"takes {_MOST_FIELDS} header fields of ours, and these are {count}")
        if names := _long_fields(same):
            longer = ", ".join(names)
            raise self.stop(
                f"takes {_LONGEST_VALUE} characters in a header field; longer: {longer}"
            )

    def _outcome(self, recipient: Recipient, row: dict[str, Any]) -> Outcome:
        status, name = str(row.get("Status") or "no status"), row.get("MessageId")
        if status == "SUCCESS" and isinstance(name, str) and name:
            return Outcome(recipient.key, State.ACCEPTED, provider_id=name)
        why = row.get("Error") or "without a reason"
        reason = answers.clean(f"{status}: {why}", secret=self._secret)
        state = _STATES.get(status, State.UNKNOWN)
        if status == "FAILED" and ses.ADDRESS_FAULT.search(reason):
            state = State.REFUSED
        return Outcome(recipient.key, state, reason)


def _content(message: Message) -> tuple[dict[str, str], Writer]:
    """Write the content with variables, and give what they stand for."""
    edition, writer = message.edition, Writer(lambda name: "{{" + name + "}}", _MARKS)
    content = {
        "Subject": writer.write(edition.subject),
        "Html": writer.write(edition.html),
        "Text": writer.write(edition.text),
    }
    return content, writer


def _entry(batch: Batch, recipient: Recipient, writer: Writer) -> dict[str, Any]:
    fields = _fields(batch.message, recipient)
    replaced = {"ReplacementTemplateData": _data(recipient, writer)}
    return {
        "Destination": {"ToAddresses": [recipient.address]},
        "ReplacementEmailContent": {"ReplacementTemplate": replaced},
        "ReplacementHeaders": [{"Name": name, "Value": text} for name, text in fields.items()],
        "ReplacementTags": ses.tags(batch, recipient),
    }


def _data(recipient: Recipient, writer: Writer) -> str:
    """Write every variable's value: a mail that lacks one is dropped after it was taken."""
    own = {name: slot.value(recipient.values) for slot, name in writer.slots.items()}
    return orjson.dumps(own | writer.constants).decode()


def _fields(message: Message, recipient: Recipient) -> dict[str, str]:
    """Fill the header fields; an empty one says nothing, and SES does not take it."""
    filled = {name: text.fill(recipient.values) for name, text in message.headers.items()}
    return {name: text for name, text in filled.items() if text}


def _constant(message: Message) -> dict[str, str]:
    return {name: text.fill({}) for name, text in message.headers.items() if not text.slots}


def _long_fields(fields: Mapping[str, str]) -> list[str]:
    """Name the header fields that are longer than the API takes."""
    return [
        name
        for name, text in fields.items()
        if len(text) > _LONGEST_VALUE or len(name) + len(text) > _LONGEST_FIELD
    ]


def _name(reason: str) -> str:
    return reason.partition(":")[0]


def _of_account(reason: str) -> bool:
    """Tell whether an entry was refused for what all of them share."""
    return _name(reason) in _ACCOUNT or bool(_NOT_VERIFIED.search(reason))
