"""The people of a mailing, written out as they are read: text, JSON or CSV."""

import csv
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from newsletter.cli.output import show

if TYPE_CHECKING:
    from newsletter.mailing import Delivery

_ERASED = "somebody who was erased"


def as_text(people: "Iterable[Delivery]") -> None:
    """Write a line for each."""
    for person in people:
        words = [person.reason, f"settled by {person.settled_by}" if person.settled_by else ""]
        reason = ", ".join(word for word in words if word)
        show((person.address or _ERASED) + (f"  {reason}" if reason else ""))


def as_json(people: "Iterable[Delivery]") -> None:
    """Write one object with a list, a line for each."""
    sys.stdout.write('{"people": [')
    for number, person in enumerate(people):
        sys.stdout.write(",\n" if number else "\n")
        sys.stdout.write(json.dumps(asdict(person), ensure_ascii=False))
    sys.stdout.write("\n]}\n")


def as_csv(people: "Iterable[Delivery]") -> None:
    """Write a table that a spreadsheet opens and runs nothing of."""
    from newsletter.mailing import Delivery
    from newsletter.register.badrows import guard

    # Where the comma is the decimal sign, as in Finnish and Swedish, Excel wants semicolons.
    writer = csv.writer(sys.stdout, delimiter=";")
    writer.writerow(field.name for field in fields(Delivery))
    for person in people:
        writer.writerow(guard(value) for value in asdict(person).values())
