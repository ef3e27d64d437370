"""Replies: mails that answer what somebody did, rendered and handed over.

`register.replies` queues them; a postman delivers them, by `newsletter replies` or beside the
pages in `newsletter serve`.
"""

from newsletter.replying.postman import Delivered, Postman, waiting
from newsletter.replying.rounds import Rounds, running

__all__ = ["Delivered", "Postman", "Rounds", "running", "waiting"]
