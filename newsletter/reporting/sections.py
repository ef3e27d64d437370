"""A report as titled tables: what the terminal, the page and the CSV file show."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from newsletter.reporting.figures import Count, Group, Report, Trial
from newsletter.reporting.words import Words

PARTS: Final = (
    "delivered", "silent", "bounced", "complained", "excluded", "refused", "unknown", "open",
)  # fmt: skip
"""What an audience is made of: these sum up to it."""

Chart = Literal["columns", "bars", "stacks", "ranges", ""]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    label: str
    cells: tuple[str, ...]
    """As people read them."""
    values: tuple[float, ...]
    """As a machine or a chart reads them."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table with what it is about; a chart may be drawn of it."""

    key: str
    title: str
    text: str
    """What it says in a sentence: also the text alternative of its chart."""
    header: tuple[str, ...]
    """Of the label and of each cell."""
    names: tuple[str, ...]
    """Of the values, for machines."""
    rows: tuple[Row, ...]
    chart: Chart = ""


def sections(report: Report, words: Words) -> list[Section]:
    """Write all tables of a report; those that have nothing to say are left out."""
    t = words.t
    found = [
        _timeline(report, words),
        _outcomes(report, words),
        _counts("excluded", t("Not to be mailed, by reason"), report.excluded, words, words.reason),
        _counts("refused", t("Refused, by reason"), report.refused, words, lambda name: name),
        _bounces(report, words),
        _groups(
            "domains", t("By domain of the recipient"), report.domains, words, lambda name: name
        ),
        _groups("lists", t("By list"), report.by_list, words, words.list_name),
        _groups("editions", t("By language and variant"), report.editions, words, words.edition),
        *(_trial(trial, words) for trial in report.trials),
        _leaving(report, words),
    ]
    return [section for section in found if section.rows]


def _timeline(report: Report, words: Words) -> Section:
    t, line = words.t, report.timeline
    text = ""
    if line.first and line.last:
        most = max(slot.people for slot in line.slots)
        text = t(
            "From {first} to {last}; each stretch is {step}, at most {most} in one.",
            first=words.moment(line.first), last=words.moment(line.last),
            step=words.length(line.step), most=words.number(most),
        )  # fmt: skip
    days = {words.day(slot.start) for slot in line.slots}
    label = words.hour if len(days) == 1 else words.moment
    rows = tuple(
        Row(label(slot.start), (words.number(slot.people),), (slot.people,)) for slot in line.slots
    )
    header = (t("From"), t("Handed over"))
    return Section("timeline", t("Handed over in time"), text, header, ("people",), rows, "columns")


def _outcomes(report: Report, words: Words) -> Section:
    t, audience = words.t, report.accounts.audience
    all_of_it = {**_fields(report), "open": report.accounts.open}
    rows = [_counted(words.outcome(name), all_of_it[name], audience, words) for name in PARTS]
    text = t(
        "In the audience: {audience}. Handed over: {accepted}. The accounts balance.",
        audience=words.number(audience),
        accepted=words.number(report.accounts.accepted),
    )
    header = (t("Outcome"), t("People"), t("Share"))
    shown = tuple(row for row in rows if row.values[0])
    return Section("outcomes", t("What became of it"), text, header, ("people",), shown, "bars")


def _fields(report: Report) -> dict[str, int]:
    told, accounts = report.told, report.accounts
    return {name: getattr(told if hasattr(told, name) else accounts, name) for name in PARTS}


def _counted(label: str, people: int, whole: int, words: Words) -> Row:
    return Row(label, (words.number(people), words.share(people, whole)), (people,))


def _counts(
    key: str, title: str, counts: Sequence[Count], words: Words, name: Callable[[str], str]
) -> Section:
    t, whole = words.t, sum(count.people for count in counts)
    rows = tuple(
        _counted(name(count.name) or t("other reasons"), count.people, whole, words)
        for count in counts
    )
    text = t("Together {people} people.", people=words.number(whole))
    header = (t("Reason"), t("People"), t("Share"))
    return Section(key, title, text, header, ("people",), rows, "bars")


def _bounces(report: Report, words: Words) -> Section:
    t, accepted = words.t, report.accounts.accepted
    rows = tuple(
        _counted(words.bounce(one.name, one.code), one.people, accepted, words)
        for one in report.bounces
    )
    text = t(
        "{people} mails came back, {share} of those that were handed over. Nobody is taken off the "
        "list for what a filter says: that is ours to mend.",
        people=words.number(report.told.bounced),
        share=words.share(report.told.bounced, accepted),
    )
    header = (t("Class"), t("People"), t("Share"))
    return Section("bounces", t("Bounces by class"), text, header, ("people",), rows, "bars")


def _groups(
    key: str, title: str, groups: Sequence[Group], words: Words, name: Callable[[str], str]
) -> Section:
    t = words.t
    names = ("audience", *(part for part in PARTS if any(getattr(one, part) for one in groups)))
    rows = []
    for group in groups:
        values = tuple(getattr(group, part) for part in names)
        label = name(group.name) if group.name else t("all others")
        rows.append(Row(label, tuple(words.number(value) for value in values), values))
    text = t("Groups of fewer than five people are put together, so that nobody is told apart.")
    header = (title, *(words.outcome(part) for part in names))
    return Section(key, title, text, header, names, tuple(rows), "stacks")


def _trial(trial: Trial, words: Words) -> Section:
    t = words.t
    title = t("Subjects that were tried (mailing {number})", number=trial.mailing)
    text = t(
        "The share that left, with the range in which it lies with 95 % confidence. Where ranges "
        "overlap, the difference may be chance."
    )
    if trial.winner:
        text += " " + t("The rest got subject {arm}.", arm=trial.winner)
    names = ("handed_over", "delivered", "bounced", "complained", "unsubscribed", "low", "high")
    header = (
        t("Subject"), t("Handed over"), t("Delivered"), t("Bounced"), t("Called it spam"),
        t("Left"), t("Share that left"), t("Range"),
    )  # fmt: skip
    rows = []
    for arm in trial.arms:
        counts = tuple(getattr(arm, name) for name in names[:5])
        found = arm.interval("unsubscribed")
        shares = (
            words.share(arm.unsubscribed, arm.handed_over),
            words.range(found.low, found.high),
        )
        label = f"{arm.name}: {' · '.join(dict.fromkeys(arm.subjects))}"
        cells = (*(words.number(value) for value in counts), *shares)
        rows.append(Row(label, cells, (*counts, found.low, found.high)))
    return Section(f"trial {trial.mailing}", title, text, header, names, tuple(rows), "ranges")


def _leaving(report: Report, words: Words) -> Section:
    t, leaving, accepted = words.t, report.leaving, report.accounts.accepted
    rows = tuple(_counted(words.way(way.name), way.people, accepted, words) for way in leaving.ways)
    text = t(
        "{people} people left within {days} days of the hand-over, {under_way} of them while the "
        "mail was on its way.",
        people=words.number(leaving.people), days=30, under_way=words.number(leaving.under_way),
    )  # fmt: skip
    header = (t("Way"), t("People"), t("Share"))
    return Section("left", t("Who left after it"), text, header, ("people",), rows, "bars")


def promise(report: Report, words: Words) -> Iterator[str]:
    """Say whether anybody was mailed after having left: first the verdict, then what is known."""
    t, leaving = words.t, report.leaving
    if leaving.longest is None:
        yield t("Longest gap between leaving and a later hand-over: none")
    else:
        yield t(
            "Longest gap between leaving and a later hand-over: {gap}",
            gap=words.length(leaving.longest),
        )
        yield t(
            "{people} were mailed after they had left. Their numbers in the register: {numbers}",
            people=words.number(leaving.late_people),
            numbers=", ".join(str(one.subscriber) for one in leaving.late),
        )
    if leaving.longest_crossing is not None:
        yield t(
            "{people} left in the very seconds of their hand-over ({gap} apart at most): which "
            "came first, the clocks cannot tell.",
            people=words.number(leaving.crossed),
            gap=words.length(leaving.longest_crossing),
        )
    if leaving.unhandled:
        yield t(
            "Wishes to leave that nothing followed from within a day, by the number of the event: "
            "{numbers}",
            numbers=", ".join(map(str, leaving.unhandled)),
        )
