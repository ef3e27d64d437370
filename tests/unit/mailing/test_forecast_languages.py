from newsletter.store import Store
from newsletter.testing import make_edition, make_editions
from newsletter.testing.mailroom import Mailroom


def test_the_forecast_says_whose_language_the_issue_lacks(store: Store) -> None:
    room = Mailroom(store)
    room.add("aino@example.com", language="fi")
    room.add("asa@example.com", "bo@example.com", language="sv")
    room.add("emma@example.com", language="en")
    room.add("left@example.com", language="sv")
    room.leave("left@example.com")
    editions = make_editions(make_edition(language="fi"), make_edition(language="en"))

    forecast = room.expect(editions=editions)

    assert forecast.by_language_wanted == {"sv": 2}
    assert forecast.by_edition == {("fi", ""): 3, ("en", ""): 1}


def test_nobody_falls_back_when_every_language_is_there(store: Store) -> None:
    room = Mailroom(store)
    room.add("aino@example.com", language="fi")

    assert room.expect().by_language_wanted == {}
