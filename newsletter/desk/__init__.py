"""An issue made ready: read, render every language and variant, check → Prepared.

What is prepared is what is sent, byte for byte: mailing never sees YAML.
"""

from newsletter.desk.mails import write_mails
from newsletter.desk.naming import Files, find, names
from newsletter.desk.pasting import Pasted, write_for
from newsletter.desk.prepare import Prepared, prepare, publish
from newsletter.desk.sequences import Sequences, check_sequences, misfits, sequences
from newsletter.desk.variants import Part, Variant, variants
from newsletter.desk.writing import write

__all__ = [
    "Files",
    "Part",
    "Pasted",
    "Prepared",
    "Sequences",
    "Variant",
    "check_sequences",
    "find",
    "misfits",
    "names",
    "prepare",
    "publish",
    "sequences",
    "variants",
    "write",
    "write_for",
    "write_mails",
]
