"""The public web: pages for readers. `create_app` makes it, `serving` runs it.

One route table (`routes`), one file per page family. No page needs a cookie or a script, none
answers with a redirect, and none changes anything but by POST.
"""

from newsletter.web.app import create_app

__all__ = ["create_app"]
