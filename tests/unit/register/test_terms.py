import pytest
from sqlalchemy import select

from newsletter.errors import InputError
from newsletter.register import terms
from newsletter.settings import Settings
from newsletter.store import Store, schema
from newsletter.testing import NOW, make_settings

LISTS = [
    {"id": "uutiskirje", "name": {"fi": "Uutiskirje", "sv": "Nyhetsbrev", "en": "Newsletter"}},
    {"id": "tiedote", "name": "Tiedote"},
]
SETTINGS = make_settings(lists=LISTS)
LANGUAGES = ("fi", "sv", "en")
HEADINGS = {
    "fi": (
        "Rekisterinpitäjä",
        "Tietosuojavastaava",
        "Mihin tietoja käytetään",
        "Käsittelyn oikeusperuste",
        "Kuka saa tiedot",
        "Siirrot EU:n ulkopuolelle",
        "Kuinka kauan tietoja säilytetään",
        "Oikeutesi",
        "Suostumuksen peruuttaminen",
        "Valitusoikeus",
    ),
    "sv": (
        "Personuppgiftsansvarig",
        "Dataskyddsombud",
        "Vad uppgifterna används till",
        "Rättslig grund",
        "Vem får uppgifterna",
        "Överföring till länder utanför EU",
        "Hur länge uppgifterna sparas",
        "Dina rättigheter",
        "Återkallande av samtycke",
        "Rätt att klaga",
    ),
    "en": (
        "Controller",
        "Data protection officer",
        "What it is used for",
        "Legal basis",
        "Who gets the data",
        "Transfers outside the EU",
        "How long it is kept",
        "Your rights",
        "Withdrawing your consent",
        "Complaints",
    ),
}
"""What art. 13 asks for."""
TOLD = {
    "officer": "Anna Turva, 040 123 4567",
    "purposes": "Tiedottamiseen.",
    "basis": "Yleinen etu.",
    "receivers": "Postmark, Hetzner.",
    "transfers": "USA, vakiolausekkeet.",
    "storage": "Vuoden.",
}


def worded(own: object) -> Settings:
    return make_settings(lists=LISTS, subscribe={"wording": own})


# What is agreed to --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fi", ("”Uutiskirje”", "Lähettäjä on Nelinvoimaa (Esimerkkikunta)", "milloin tahansa")),
        ("sv", ("”Nyhetsbrev”", "Avsändare är Nelinvoimaa (Esimerkkikunta)", "när som helst")),
        ("en", ("“Newsletter”", "The sender is Nelinvoimaa (Esimerkkikunta)", "at any time")),
        ("et", ("“Uutiskirje”", "The sender is", "at any time")),
    ],
)
def test_the_tools_own_sentence_names_the_list_the_sender_and_the_way_back(
    language: str, words: tuple[str, ...]
) -> None:
    said = terms.consent_text(SETTINGS, ["uutiskirje"], language)

    assert [word for word in words if word not in said] == []


def test_of_several_letters_those_are_agreed_to_that_are_chosen() -> None:
    said = terms.consent_text(SETTINGS, ["uutiskirje", "tiedote"], "fi")

    assert "ne, jotka olen valinnut: ”Uutiskirje”, ”Tiedote”." in said


def test_a_sender_that_is_the_organisation_is_named_once() -> None:
    sender = SETTINGS.sender.model_copy(update={"name": "Esimerkkikunta"})

    said = terms.consent_text(SETTINGS.model_copy(update={"sender": sender}), ["tiedote"], "fi")

    assert "Lähettäjä on Esimerkkikunta. " in said


@pytest.mark.parametrize(
    ("own", "language", "start"),
    [
        ("Tilaan kirjeen.", "sv", "Tilaan kirjeen."),
        ({"fi": "Tilaan kirjeen."}, "fi-FI", "Tilaan kirjeen."),
        ({"fi": "Tilaan kirjeen."}, "sv", "Jag vill få brevet"),
        ("  ", "fi", "Haluan saada"),
    ],
)
def test_a_workspaces_own_wording_wins_in_the_languages_that_it_has(
    own: object, language: str, start: str
) -> None:
    assert terms.consent_text(worded(own), ["tiedote"], language).startswith(start)


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(InputError, match="no list named 'tiedotus'"):
        terms.consent_text(SETTINGS, ["tiedotus"], "fi")


# What is told before ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("privacy", [{}, TOLD, {"url": "https://example.fi/tietosuoja"}])
def test_the_notice_has_all_that_the_law_asks_for(language: str, privacy: object) -> None:
    told = dict(terms.notice(make_settings(privacy=privacy), language))

    assert [heading for heading in HEADINGS[language] if not told.get(heading, "").strip()] == []


def test_the_notice_speaks_to_others_in_english() -> None:
    headings = [heading for heading, _ in terms.notice(SETTINGS, "et")]

    assert headings == [heading for heading, _ in terms.notice(SETTINGS, "en")]


def test_what_the_settings_say_replaces_the_general_words() -> None:
    text = terms.notice_text(make_settings(privacy=TOLD), "fi")

    assert [said for said in TOLD.values() if said not in text] == []


@pytest.mark.parametrize(
    "said",
    [
        "Esimerkkikunta. Rekisterin nimi on Asiakasrekisteri.",
        "tietosuoja@example.fi",
        "tietosuojavaltuutetulle",
        "salaisella avaimella muodostetun koodin",  # of whom is erased (R08)
        "vastustaa suoramarkkinointia milloin tahansa",  # R09
        "linkki päättää tilauksen heti",
        "Muuta kuin osoitetta ei tarvitse antaa.",  # R12
    ],
)
def test_the_general_words_say_what_the_tool_does(said: str) -> None:
    assert said in terms.notice_text(SETTINGS, "fi")


def test_the_times_are_those_of_the_settings() -> None:
    settings = make_settings(
        retention={"left_months": 6, "events_months": 3}, subscribe={"confirm_days": 1}
    )

    kept = dict(terms.notice(settings, "sv"))["Hur länge uppgifterna sparas"]

    assert [time for time in ("6 månader", "3 månader", "1 dygn") if time not in kept] == []


def test_a_full_notice_is_pointed_to() -> None:
    settings = make_settings(privacy={"url": "https://example.fi/tietosuoja"})

    assert terms.notice(settings, "fi")[-1] == (
        "Tietosuojaseloste kokonaan",
        "https://example.fi/tietosuoja",
    )


# Versions -----------------------------------------------------------------------------------------


def test_each_text_is_kept_once_and_named_by_its_version(store: Store) -> None:
    with store.begin() as connection:
        first = terms.keep(connection, SETTINGS, ["tiedote"], "fi", now=NOW)
        again = terms.keep(connection, SETTINGS, ["tiedote"], "fi", now=NOW)
        swedish = terms.keep(connection, SETTINGS, ["tiedote"], "sv", now=NOW)
        found = {row.version: row.text for row in connection.execute(select(schema.wordings)).all()}

    assert first == again
    assert set(found) == {*first, *swedish}
    assert len(found) == 4
    assert found[first[0]] == terms.consent_text(SETTINGS, ["tiedote"], "fi")
    assert found[first[1]] == terms.notice_text(SETTINGS, "fi")


def test_another_setting_is_another_version(store: Store) -> None:
    with store.begin() as connection:
        before = terms.keep(connection, SETTINGS, ["tiedote"], "fi", now=NOW)
        told = make_settings(lists=LISTS, privacy=TOLD)
        after = terms.keep(connection, told, ["tiedote"], "fi", now=NOW)

    assert before[0] == after[0]
    assert before[1] != after[1]
