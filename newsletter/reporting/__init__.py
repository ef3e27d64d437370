"""The report of a mailing: what became of it, in figures that tell nobody apart.

    ledger ─▶ cells ─▶ Report ─▶ sections ─▶ terminal, page, CSV

Every figure is counted from the ledger in one moment, balances with the accounts, and is of at
least five people where it could tell somebody apart. No address and no name comes into it.
"""

from newsletter.reporting.data import as_data, as_rows
from newsletter.reporting.figures import Report
from newsletter.reporting.making import number_of, of_issue, of_mailing
from newsletter.reporting.page import page
from newsletter.reporting.sections import PARTS, Row, Section, promise, sections
from newsletter.reporting.words import Words

__all__ = [
    "PARTS",
    "Report",
    "Row",
    "Section",
    "Words",
    "as_data",
    "as_rows",
    "number_of",
    "of_issue",
    "of_mailing",
    "page",
    "promise",
    "sections",
]
