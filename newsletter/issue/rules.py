"""The rules that reading an issue keeps, each with its stable code and what is to be known of it.

NL1xx is about the file, NL2xx about its content, NL3xx about personal fields. A breach is an error
that nothing can turn off: what breaks these rules is no issue, and could not be rendered.
"""

from enum import StrEnum
from typing import Self

from newsletter.errors import Entry, Family, Level


class Rule(StrEnum):
    """A code that findings carry: NL1xx the file, NL2xx its content, NL3xx personal fields."""

    entry: Entry

    def __new__(
        cls, code: str, demand: str, why: str, hint: str, family: Family = Family.SCHEMA
    ) -> Self:
        """Make a member of a code and what is to be known of it."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.entry = Entry(code, Level.ERROR, family, demand, why, hint, fixed=True)
        return member

    SIZE = (
        "NL101",
        "the file has at most 200,000 bytes",
        "more text than that could never be mailed: Gmail cuts a mail at half of it",
        "keep images as files of their own, named by 'src', and link to long texts",
    )
    ENCODING = (
        "NL102",
        "the file is saved as UTF-8",
        "in other encodings ä, ö and å come out as other signs",
        "in the editor's 'Save as' choose the encoding UTF-8",
    )
    CHARACTER = (
        "NL103",
        "no text holds a control character or an override of the writing direction",
        "they are invisible, break headers, clip mails in Gmail, and let addresses read otherwise",
        "delete the words around the place and type them anew",
    )
    SYNTAX = (
        "NL104",
        "the file is YAML",
        "what cannot be read as YAML cannot be understood at all",
        "look at indentation, quotes and colons at the place and just above it",
    )
    ALIAS = (
        "NL105",
        "no value begins with & or *, YAML's anchors and aliases",
        "a few aliases can make a small file huge, and hide what an issue says",
        "put a text that begins with this sign in quotes",
    )
    TAG = (
        "NL106",
        "no value begins with !, YAML's tags",
        "tags turn texts into other kinds of values, which an issue never needs",
        "put a text that begins with ! in quotes",
    )
    DEPTH = (
        "NL107",
        "the file is nested at most 40 deep and has at most 5,000 values",
        "nobody can follow more, and reading it would take the machine's memory",
        "look for brackets that were never closed, or split the issue",
    )
    DOCUMENTS = (
        "NL108",
        "a file holds one issue",
        "what stands behind a line '---' would be left out without a word",
        "delete the line '---', or move what follows to a file of its own",
    )
    DUPLICATE = (
        "NL109",
        "a key is there once",
        "YAML would quietly keep one of the two, and nobody could say which",
        "keep one of the two, or begin a second block with a dash of its own",
    )
    EMPTY_FILE = (
        "NL110",
        "the file is not empty",
        "an issue without a subject and blocks says nothing",
        "begin with 'subject: …'",
    )
    NO_MAPPING = (
        "NL111",
        "the file consists of keys and values",
        "an issue is read by its keys: subject, blocks and so on",
        "begin with 'subject: …'",
    )
    KEY = (
        "NL112",
        "a key is a plain word",
        "YAML takes a bare {{ for the beginning of keys and values",
        "put a text that begins with {{ in quotes",
    )

    MISSING = (
        "NL201",
        "what is needed is there",
        "a block cannot be shown without it",
        "add the key that is named, with a value",
    )
    UNKNOWN_KEY = (
        "NL202",
        "every key is known where it stands",
        "what stands under a misspelt key would never reach a reader",
        "write it like the near one that is named, or take it out",
    )
    UNKNOWN_BLOCK = (
        "NL203",
        "every block is of a known kind",
        "the tool cannot show what it does not know",
        "write the kind that is near, or '- text: …'",
    )
    SHAPE = (
        "NL204",
        "a block is a dash with one key, its kind",
        "with the indentation lost, a value belongs to nothing",
        "write '- kind: …', and indent the block's own keys deeper than its kind",
    )
    TYPE = (
        "NL205",
        "a value is of the type that is expected",
        "a list where a text is meant, or yes where a word is meant, would be shown wrongly",
        "write the value in the form that is named; put words such as 'true' in quotes",
    )
    EMPTY = (
        "NL206",
        "texts and lists are not empty",
        "an empty block leaves a hole in the mail, and an empty subject goes to spam",
        "write something, or leave the key out",
    )
    ONE_LINE = (
        "NL207",
        "a text of one line has no line break and no tab",
        "subjects, titles and addresses cannot have several lines",
        "take out the line break or tab; > instead of | joins lines",
    )
    ADDRESS = (
        "NL208",
        "an address of a page, a person or an image can be used",
        "readers would land nowhere, or run what they never wanted to run",
        "copy it from the browser's address line; links begin with https://, mailto: or tel:",
    )
    ALT = (
        "NL209",
        "an image has an alternative text, or is declared to be decoration",
        "whoever does not see the image, or has images turned off, gets nothing else of it",
        "say what it shows: alt: …; or, when it only decorates: decorative: true",
    )
    LEVEL = (
        "NL210",
        "a heading's level is 1, 2 or 3",
        "screen readers jump through a mail by its headings, and mail clients show three sizes",
        "leave the level out: it follows from where the heading stands",
    )
    CHOICE = (
        "NL211",
        "a value is one of those that are known",
        "the templates have no look, and the law no words, for any other",
        "write one of the values that are named",
    )
    CONDITION = (
        "NL212",
        "conditions name fields that subscribers have",
        "a condition on an unknown field would hold for nobody, and nobody would get the block",
        "write the field as in [fields] of newsletter.toml",
    )
    VARIANTS = (
        "NL213",
        "the conditions make at most 64 different mails",
        "nobody can look through more before they are sent",
        "use fewer different 'when', or split the issue in two",
    )
    LANGUAGE = (
        "NL214",
        "the file's name and its text agree about the language",
        "Finnish readers would get the Swedish text, read aloud by a Finnish voice",
        "rename the file, or change 'language'",
    )
    COUNT = (
        "NL215",
        "there are neither too few nor too many of something",
        "more would not fit beside each other on a mail's 600 pixels, fewer make no sense",
        "leave some out, or use another kind of block",
    )
    TIME = (
        "NL216",
        "dates and times are real ones, in a form that has one meaning",
        "3.4. is April to some and March to others, and a calendar file needs one moment",
        "write 2026-03-04T18:00, or 2026-03-04 for a whole day",
    )
    SNIPPET = (
        "NL217",
        "snippets are there, and do not lead to themselves",
        "the mail would miss a part that the writer believes to be in it",
        "write the name of a file of issues/snippets, without its folder and .yaml",
    )
    DURATION = (
        "NL218",
        "a length of time is a number with a unit",
        "nobody can tell whether 3 means hours or days",
        "write 30 minutes, 4 hours, 3 days or 2 weeks",
    )
    TRIAL = (
        "NL219",
        "subjects are tried in a way that can be decided",
        "a trial of two equal subjects, or by what nobody counts, never ends",
        "write subject: {a: …, b: …, split: 20%, winner: {by: unsubscribes, after: 4h}}",
    )
    STEPS = (
        "NL220",
        "the steps of a sequence are in order, each issue once",
        "an issue goes once to a person, and a step cannot come before the one above it",
        "order the steps by 'after', which counts from joining the list",
        Family.SEQUENCES,
    )
    NAME = (
        "NL221",
        "a sequence names an issue and a list that exist",
        "the step would never be mailed",
        "write the name as it is in issues/ or in newsletter.toml",
        Family.SEQUENCES,
    )

    FIELD_SYNTAX = (
        "NL301",
        "between {{ and }} stands a personal field",
        "readers would see the braces, or a part of the text would be lost",
        'write {{ name }} or {{ name | default("…") }}',
        Family.PERSONAL,
    )
    FIELD_UNKNOWN = (
        "NL302",
        "personal fields are fields that subscribers have",
        "everybody would get a hole in the text",
        "write the field as in [fields] of newsletter.toml",
        Family.PERSONAL,
    )
    FIELD_PLACE = (
        "NL303",
        "personal fields stand only where a text for one person can stand",
        "an image, a list or a language is the same for all readers of a mail",
        "write it out",
        Family.PERSONAL,
    )
