"""People whom another service knew and who are unknown on a list here: taken over as they stood.

Who was active there is put on the list; who left is remembered as having left, and as nothing else:
without that, a later import of an old file would bring back who left elsewhere.
"""

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from newsletter.register.entries import Entry, compare
from newsletter.register.landing import Landing
from newsletter.register.spool import Candidate
from newsletter.register.states import Proof
from newsletter.register.statuses import RANKS, Status


def take_over(
    connection: Connection,
    list_id: str,
    people: Mapping[str, Entry],
    status: Status,
    proof: Proof,
) -> int:
    """Put people, by folded address, on a list as active or left; count for whom it was new.

    Whoever is or was on the list stays as they are. Of somebody known who becomes active, what is
    empty is filled. The caller has seen to it that none of them is suppressed.
    """
    landing = Landing(connection, proof, language="")  # each entry has its own
    landing.load([_candidate(key, entry, status) for key, entry in people.items()])
    landing.enter()
    if status is Status.ACTIVE:
        known = landing.known()
        landing.fill((row, compare(row, people[key])[0]) for key, row in known.items())
    return landing.join(list_id)


def _candidate(key: str, entry: Entry, status: Status) -> Candidate:
    texts = (
        entry.address, entry.kind, entry.language, entry.first_name, entry.last_name,
        json.dumps(dict(entry.fields)), "", "", "",
    )  # fmt: skip
    return Candidate.of(key, RANKS.index(status), 0, texts)
