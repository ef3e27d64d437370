from hypothesis import given
from hypothesis import strategies as st

from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot, Template
from newsletter.testing import make_edition, make_editions, make_template

slots = st.builds(Slot, st.sampled_from("abc"), st.sampled_from(Escape), st.none() | st.text())
templates = st.lists(st.text() | slots).map(lambda parts: Template(tuple(parts)))


@given(templates, templates, st.text())
def test_an_edition_read_back_is_the_same(subject: Template, html: Template, web: str) -> None:
    edition = make_edition(subject=subject, html=html, web=web)

    assert Edition.load(edition.dump()) == edition
    assert Edition.load(edition.dump()).digest == edition.digest


def test_one_changed_comma_changes_the_digest() -> None:
    one = make_edition(text=make_template("Hei, sinä"))
    other = make_edition(text=make_template("Hei sinä"))

    assert one.digest != other.digest


def test_an_edition_knows_its_fields_and_what_is_missing() -> None:
    edition = make_edition(subject=make_template(Slot("last_name")))

    assert edition.fields == {"first_name", "last_name", "unsubscribe_url"}
    assert edition.missing({"unsubscribe_url": "x"}) == {"last_name"}


def test_each_person_gets_their_language_and_variant() -> None:
    finnish = make_edition(variant="0")
    local = make_edition(variant="1")
    swedish = make_edition(language="sv")
    editions = make_editions(
        finnish, local, swedish, conditions={"fi": [{"municipality": ("Sysmä",)}]}
    )

    assert editions.choose("fi", {"municipality": "Sysmä"}) == local
    assert editions.choose("fi", {"municipality": "Joutsa"}) == finnish
    assert editions.choose("sv", {"municipality": "Sysmä"}) == swedish
    assert editions.choose("en", {}) == finnish
    assert list(editions) == [finnish, local, swedish]
