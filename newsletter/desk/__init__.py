"""An issue made ready: read, render every language and variant, check → Prepared.

What is prepared is what is sent, byte for byte: mailing never sees YAML.
"""

from newsletter.desk.catalogue import catalogue, look_up
from newsletter.desk.dead_links import Links
from newsletter.desk.judging import gate
from newsletter.desk.mails import write_mails
from newsletter.desk.naming import Files, find, names
from newsletter.desk.pasting import Pasted, write_for
from newsletter.desk.prepare import Prepared, prepare, publish
from newsletter.desk.sequences import Sequences, check_sequences, misfits, sequences
from newsletter.desk.variants import Part, Variant, variants
from newsletter.desk.writing import write, write_source

__all__ = [
    "Files",
    "Links",
    "Part",
    "Pasted",
    "Prepared",
    "Sequences",
    "Variant",
    "catalogue",
    "check_sequences",
    "find",
    "gate",
    "look_up",
    "misfits",
    "names",
    "prepare",
    "publish",
    "sequences",
    "variants",
    "write",
    "write_for",
    "write_mails",
    "write_source",
]
