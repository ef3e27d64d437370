from array import array
from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter.issue.template import Escape, Slot
from newsletter.mailing.trials.draws import Sample, draw, number_of
from newsletter.store.schema import batches, deliveries
from newsletter.store.schema import editions as kept
from newsletter.testing import make_template
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.experimenting import edition, editions, experiment, people

GROUPS = st.dictionaries(
    st.tuples(st.sampled_from(["fi", "sv", "en"]), st.sampled_from(["0", "1"])),
    st.sets(st.integers(0, 2**64 - 1), max_size=60),
    max_size=6,
)


@given(GROUPS, st.integers(1, 100), st.integers(2, 4))
def test_a_sample_has_its_size_and_equal_arms_in_each_group_and_in_all(
    groups: dict[tuple[str, str], set[int]], split: int, arms: int
) -> None:
    bounds = draw(
        {group: array("Q", numbers) for group, numbers in groups.items()},
        Sample("x", split, tuple("abcd"[:arms])),
    )

    whole: Counter[int] = Counter()
    for group, numbers in groups.items():
        own: Counter[int] = Counter()
        for number in numbers:
            fitting = [arm for arm, bound in enumerate(bounds[group]) if number <= bound]
            if fitting:
                own[min(fitting)] += 1
        assert abs(own.total() - len(numbers) * split / 100) < 1
        assert max(own[arm] for arm in range(arms)) - min(own[arm] for arm in range(arms)) <= 1
        whole += own
    assert abs(whole.total() - sum(map(len, groups.values())) * split / 100) <= 0.5
    assert max(whole[arm] for arm in range(arms)) - min(whole[arm] for arm in range(arms)) <= 1


def test_numbers_follow_from_seed_and_person_alone_and_spread_evenly() -> None:
    numbers = [number_of("seed", person) for person in range(4000)]

    assert numbers == [number_of("seed", person) for person in range(4000)]
    assert numbers != [number_of("other", person) for person in range(4000)]
    below = sum(number < 2**63 for number in numbers)
    assert 1800 < below < 2200  # three standard deviations are 95


def arms_of(room: Mailroom) -> dict[str, str]:
    """Give address → subject, as the ledger has it."""
    query = (
        select(deliveries.c.address, kept.c.content)
        .join(batches, deliveries.c.id.between(batches.c.first, batches.c.last))
        .join(kept, kept.c.digest == batches.c.edition)
    )
    with room.store.read() as connection:
        return {
            address: content.partition('"subject":["')[2][:1]
            for address, content in connection.execute(query)
        }


def test_only_the_sample_is_planned_and_each_arm_has_its_share(room: Mailroom) -> None:
    people(room, 40)
    made = editions()

    forecast = room.expect(editions=made, experiment=experiment(made))
    number = room.planned(editions=made, experiment=experiment(made))

    found = arms_of(room)
    assert Counter(found.values()) == forecast.by_arm == {"a": 10, "b": 10}
    assert (forecast.to_mail, forecast.later, forecast.audience) == (20, 20, 40)
    assert room.dispatch(number, MemoryProvider()).accepted == 20


def test_the_same_seed_draws_the_same_people_and_another_one_others(room: Mailroom) -> None:
    people(room, 40)
    made, again, other = editions(), editions(issue="toinen"), editions(issue="kolmas")

    room.planned(editions=made, experiment=experiment(made))
    first = arms_of(room)
    room.planned(editions=again, experiment=experiment(again))
    both = arms_of(room)
    drawn = Counter(both.values())

    assert len(both) == len(first) == 20  # the second changed nothing: the same people, arms
    assert both == first
    assert drawn == {"a": 10, "b": 10}
    another = replace(experiment(other), seed="another")
    room.planned(editions=other, experiment=another)
    assert set(arms_of(room)) > set(first)


def test_languages_and_variants_have_equal_shares_in_each_arm(room: Mailroom) -> None:
    people(room, 10)
    people(room, 6, municipality="Sysmä")
    people(room, 7, language="sv")
    made = editions("fi", "sv", variants=("0", "1"))

    forecast = room.expect(editions=made, experiment=experiment(made))

    assert forecast.by_edition == {("fi", "0"): 5, ("fi", "1"): 3, ("sv", "0"): 4}
    assert forecast.by_arm == {"a": 6, "b": 6}


def test_a_missing_value_of_somebody_whose_turn_is_later_is_told_now(room: Mailroom) -> None:
    people(room, 10)
    text = make_template("Hei ", Slot("first_name", Escape.TEXT))
    made = editions(text=text)

    assert room.expect(editions=made, experiment=experiment(made, split=10)).missing_count == 10


def test_editions_of_an_arm_are_the_same_bytes_whoever_gets_them() -> None:
    made = editions()

    chosen = made.of_arm("b")

    assert chosen.choose("fi", {}) == edition("b")
    assert [item.digest for item in chosen] == [item.digest for item in made]
