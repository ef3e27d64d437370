"""Newsletters written as YAML, checked like code, mailed through any ESP."""

__version__ = "0.1.0"
