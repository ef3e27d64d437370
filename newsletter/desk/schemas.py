"""JSON Schemas of what people write, so that an editor completes and explains it.

Made from the models themselves. A schema helps while somebody writes; what is wrong, `newsletter
check` says: it knows more than a schema can.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

from pydantic import TypeAdapter

from newsletter import providers, workspace
from newsletter.desk import naming
from newsletter.desk.files import SnippetFolders
from newsletter.desk.schema_forms import Plain, Schema, Written, changed
from newsletter.issue.blocks import Block
from newsletter.issue.issue import Issue
from newsletter.issue.sequence import Sequence
from newsletter.settings import Settings

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a workspace has; where there is none, any name will do."""

    lists: Names = ()
    fields: Names = ()
    channels: Names = ()
    snippets: Names = ()
    issues: Names = ()
    languages: Names = ()

    @classmethod
    def of(cls, opened: workspace.Workspace) -> Self:
        """Look the names up in a workspace."""
        settings = opened.settings
        return cls(
            lists=tuple(item.id for item in settings.lists),
            fields=settings.field_names,
            channels=tuple(settings.social),
            snippets=tuple(SnippetFolders([opened.issues / naming.SNIPPETS]).names()),
            issues=tuple(naming.names(opened.issues)),
            languages=settings.languages,
        )

    def put_into(self, node: Schema) -> Schema:
        """Let a schema demand the names that there are."""
        inside = node.get("properties", {})
        values = {
            "lists": self.lists,
            "list": self.lists,
            "channels": self.channels,
            "issue": self.issues,
        }
        for name, known in values.items():
            if known and name in inside:
                inside[name] = changed(inside[name], partial(_one_of, known=known))
        for name in ("where", "when"):
            if self.fields and name in inside:
                inside[name]["propertyNames"] = {"enum": list(self.fields)}
        return node


def issue(known: Known) -> Schema:
    """Describe a file of issues/."""
    whole = _whole(Issue, "An issue", known)
    whole["required"].remove("language")  # the file's name may say it, or newsletter.toml
    if known.languages:
        whole["properties"]["language"]["enum"] = list(known.languages)
    return whole


def snippet(known: Known) -> Schema:
    """Describe a file of issues/snippets/."""
    return _whole(tuple[Block, ...], "A snippet", known)


def sequence(known: Known) -> Schema:
    """Describe a file of sequences/."""
    return _whole(Sequence, "A sequence", known)


def settings(_known: Known) -> Schema:
    """Describe newsletter.toml, with the settings of every provider."""
    whole: Schema = Settings.model_json_schema(schema_generator=Plain)
    drivers = {name: providers.provider_class(name) for name in providers.names()}
    whole["properties"]["provider"]["enum"] = list(drivers)
    about = whole["properties"]["providers"]
    about |= {"properties": {}, "additionalProperties": False}
    for name, driver in drivers.items():
        module = importlib.import_module(driver.__module__)
        inner = module.Settings.model_json_schema(schema_generator=Plain)
        whole["definitions"] |= inner.pop("definitions", {})
        about["properties"][name] = {**inner, "title": driver.capabilities.title}
    return {**whole, "title": "newsletter.toml"}


SCHEMAS: Final[Mapping[str, Callable[[Known], Schema]]] = {
    "issue": issue,
    "snippet": snippet,
    "sequence": sequence,
    "settings": settings,
}
"""What has a schema, by its name."""


def _whole(kind: Any, title: str, known: Known) -> Schema:  # noqa: ANN401 - any annotation
    schema = TypeAdapter(kind).json_schema(schema_generator=Written)
    whole: Schema = changed(schema, known.put_into)
    if known.snippets and "Snippet" in whole.get("definitions", {}):
        whole["definitions"]["Snippet"]["properties"]["name"]["enum"] = list(known.snippets)
    return {**whole, "title": title}


def _one_of(node: Schema, *, known: Names) -> Schema:
    return {**node, "enum": list(known)} if "string" in node.get("type", ()) else node
