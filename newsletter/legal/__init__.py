"""What the law wants written: record of processing, privacy notice, accessibility statement.

Markdown, filled from newsletter.toml and from the database's real tables; templates in
templates/legal, the workspace's own in front. No legal advice: a person reads every word.
"""

from newsletter.legal.documents import KINDS, Document, accessibility, draft, page

__all__ = ["KINDS", "Document", "accessibility", "draft", "page"]
