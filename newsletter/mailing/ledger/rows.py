"""Many rows at once by the driver's own bulk call, which SQLAlchemy's insert makes far dearer."""

from newsletter.store.bulk import insert

__all__ = ["insert"]
