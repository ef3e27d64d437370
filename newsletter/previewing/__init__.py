"""`newsletter preview`: a page on this machine that shows an issue while somebody writes it.

Three rates. A save is found within a hundredth of a second (`watching`); the mail of the one reader
that is looked at is rendered at once (`desk.glancing`); all other mails are rendered and checked
when the writer pauses (`live`). Nothing here is seen from outside: the server listens on loopback,
asks for a secret in the address, and refuses what other pages ask (`guard`).
"""

from newsletter.previewing.looking import Table
from newsletter.previewing.serving import running, serve

__all__ = ["Table", "running", "serve"]
