"""A report for machines: the same figures as plain data, and as rows of a table."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from newsletter.reporting.figures import Report
from newsletter.reporting.sections import sections
from newsletter.reporting.words import Words

_OUTCOMES: Final = ("delivered", "bounced", "complained", "unsubscribed")


def as_data(report: Report) -> dict[str, Any]:
    """Write a report as JSON can say it; lengths are in seconds, times in UTC."""
    data: dict[str, Any] = _plain(asdict(report))
    data["accounts"]["balance"] = report.accounts.balance()
    data["leaving"]["longest_gap"] = data["leaving"].pop("longest")
    data["leaving"]["promise_kept"] = report.leaving.is_kept
    for told, trial in zip(data["trials"], report.trials, strict=True):
        for row, arm in zip(told["arms"], trial.arms, strict=True):
            row["intervals"] = {name: asdict(arm.interval(name)) for name in _OUTCOMES}
    return data


def as_rows(report: Report, words: Words) -> Iterator[tuple[str, str, str, str]]:
    """Give (section, row, figure, value): a table that every spreadsheet can turn."""
    yield "section", "row", "figure", "value"
    yield "report", "", "audience", str(report.accounts.audience)
    for section in sections(report, words):
        for row in section.rows:
            for name, value in zip(section.names, row.values, strict=True):
                yield section.key, row.label, name, f"{value:g}" if value % 1 else str(int(value))
    gap = report.leaving.longest
    yield "promise", "", "longest_gap", "none" if gap is None else str(int(gap.total_seconds()))
    yield "promise", "", "mailed_after_leaving", str(report.leaving.late_people)
    yield "promise", "", "left_in_the_same_seconds", str(report.leaving.crossed)
    yield "promise", "", "unhandled_after_a_day", str(len(report.leaving.unhandled))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a report
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, datetime) else value
