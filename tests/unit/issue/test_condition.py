from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text, create_engine, insert, select

from newsletter.errors import InputError
from newsletter.issue.condition import Condition, holds, outcomes, to_sql, variants
from tests.examples import some

FIELDS = ("language", "municipality", "role")
CONDITIONS = st.dictionaries(
    st.sampled_from(FIELDS),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True).map(tuple),
    max_size=3,
)
PEOPLE = [dict(zip(FIELDS, values, strict=True)) for values in product("abcx", repeat=3)]


@given(st.lists(CONDITIONS, max_size=5))
@settings(deadline=None)
def test_the_variants_are_just_what_some_person_gets(conditions: list[Condition]) -> None:
    found = list(variants(conditions))

    assert set(found) == {outcomes(conditions, person) for person in PEOPLE}
    assert len(found) == len(set(found))


def test_conditions_that_exclude_each_other_make_few_variants() -> None:
    conditions = [{f"field{n}": ("a",), "municipality": (f"m{n}",)} for n in range(60)]

    assert len(list(variants(conditions))) == 61


def test_values_without_end_are_counted_at_once() -> None:
    values = tuple(str(number) for number in range(50))
    condition = {f"field{n}": values for n in range(20)}

    assert list(variants([condition])) == ["1", "0"]


def test_far_too_many_variants_are_refused_instead_of_counted() -> None:
    conditions = [{f"field{n}": ("a",)} for n in range(40)]

    with pytest.raises(InputError, match="different mails"):
        list(variants(conditions))


def test_without_conditions_there_is_one_variant_without_a_name() -> None:
    assert list(variants([])) == [""]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"municipality": ("Sysmä", "Hartola")}, True),
        ({"municipality": ("Joutsa",)}, False),
        ({"municipality": ("Sysmä",), "language": ("sv",)}, False),
        ({"role": ("editor",)}, False),
    ],
)
def test_a_condition_holds_when_every_field_has_one_of_its_values(
    condition: Condition, *, expected: bool
) -> None:
    assert holds(condition, {"municipality": "Sysmä", "language": "fi"}) is expected


@given(CONDITIONS)
@settings(deadline=None, max_examples=some(50))
def test_sql_and_python_agree(condition: Condition) -> None:
    table = Table("people", MetaData(), *(Column(field, Text) for field in FIELDS))
    people: list[dict[str, str | None]] = [{**person} for person in PEOPLE]
    people.append(dict.fromkeys(FIELDS))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), people)
        query = select(table).where(to_sql(condition, lambda field: table.c[field]))
        found = [tuple(row) for row in connection.execute(query)]
    engine.dispose()

    expected = [
        tuple(person.values())
        for person in people
        if holds(condition, {name: value for name, value in person.items() if value is not None})
    ]
    assert sorted(map(str, found)) == sorted(map(str, expected))
