"""The rules that reading an issue keeps, each with its stable code."""

from enum import StrEnum
from typing import Self


class Rule(StrEnum):
    """A code that findings carry: NL1xx the file, NL2xx its content, NL3xx personal fields."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Make a member of a code and its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    SIZE = "NL101", "the file is too large"
    ENCODING = "NL102", "the file is not UTF-8"
    CHARACTER = "NL103", "a character that no text may hold"
    SYNTAX = "NL104", "the file is not YAML"
    ALIAS = "NL105", "YAML anchors and aliases are not used in issues"
    TAG = "NL106", "YAML tags are not used in issues"
    DEPTH = "NL107", "the file is nested too deeply or has too many values"
    DOCUMENTS = "NL108", "a file holds one issue"
    DUPLICATE = "NL109", "a key is there twice"
    EMPTY_FILE = "NL110", "the file is empty"
    NO_MAPPING = "NL111", "the file does not consist of keys and values"
    KEY = "NL112", "a key is no plain text"

    MISSING = "NL201", "something needed is missing"
    UNKNOWN_KEY = "NL202", "a key that is not known there"
    UNKNOWN_BLOCK = "NL203", "a kind of block that does not exist"
    SHAPE = "NL204", "a block is written in a wrong shape"
    TYPE = "NL205", "a value is of the wrong type"
    EMPTY = "NL206", "a text or list is empty"
    ONE_LINE = "NL207", "a text of one line has a line break or a tab"
    ADDRESS = "NL208", "an address (web, mail, image) is not usable"
    ALT = "NL209", "an image lacks its alternative text, or has one too many"
    LEVEL = "NL210", "a heading's level is not 1, 2 or 3"
    CHOICE = "NL211", "a value is none of those that are known"
    CONDITION = "NL212", "a condition names an unknown field"
    VARIANTS = "NL213", "the conditions make too many different mails"
    LANGUAGE = "NL214", "the file's name and its text disagree about the language"
    COUNT = "NL215", "there are too few or too many of something"
    TIME = "NL216", "a date or time is not usable"
    SNIPPET = "NL217", "a snippet is not there, or leads to itself"
    DURATION = "NL218", "a length of time is not usable"
    TRIAL = "NL219", "subjects cannot be tried in this way"
    STEPS = "NL220", "the steps of a sequence are not in order"
    NAME = "NL221", "a sequence names an issue or list that does not exist"

    FIELD_SYNTAX = "NL301", "something other than a personal field between braces"
    FIELD_UNKNOWN = "NL302", "a personal field that subscribers do not have"
    FIELD_PLACE = "NL303", "a personal field where none can stand"
