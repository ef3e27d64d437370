"""From pydantic's models to schemas as editors need them.

By draft 7, which the YAML and TOML servers of editors know best (json-schema.org, 2018).
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from newsletter import workspace
from newsletter.issue import yaml
from newsletter.issue.blocks import BLOCKS
from newsletter.issue.values import BaseBlock

Schema = dict[str, Any]

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_SAMPLE: Final = "issues/esittely.en.yaml"
"""The issue that shows every block; where examples come from."""
_SNIPPET: Final = "issues/snippets/editors.yaml"


class Plain(GenerateJsonSchema):
    """Pydantic's schemas in the older draft, without titles that only repeat a name."""

    schema_dialect = _DRAFT

    def generate(
        self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation"
    ) -> JsonSchemaValue:
        """Make a whole schema."""
        whole: JsonSchemaValue = changed(super().generate(schema, mode), _older)
        return whole

    def field_title_should_be_set(self, _schema: Any) -> bool:  # noqa: ANN401 - pydantic's schemas
        """Leave them out."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Leave null out."""
        return self.generate_inner(schema["schema"])  # nobody writes null: the key is left out

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Tell a default only where it says something."""
        told = super().default_schema(schema)
        if told.get("default", ()) in (None, "", 0, [], {}) and told.get("default") is not False:
            told.pop("default", None)
        return told


class Written(Plain):
    """Of what stands in YAML: a block is a mapping with one key, a number may be a text."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Take a number as a text: the reader does."""
        return {**super().str_schema(schema), "type": ["string", "number"]}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Leave out the kind, which YAML has as the key, and put in what the source explains."""
        told, model = super().model_schema(schema), schema["cls"]
        told["properties"].pop("kind", None)
        told.pop("title", None)
        for name, text in _explained(model).items():
            key = model.model_fields[name].alias or name
            told["properties"][key]["description"] = text
        return told

    def generate(
        self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation"
    ) -> JsonSchemaValue:
        """Make a whole schema."""
        whole: JsonSchemaValue = changed(super().generate(schema, mode), _as_block)
        return whole


def changed(node: Any, change: Callable[[Schema], Schema]) -> Any:  # noqa: ANN401 - any JSON
    """Change every object in a schema, inner ones first."""
    if isinstance(node, list):
        return [changed(item, change) for item in node]
    if isinstance(node, dict):
        return change({name: changed(value, change) for name, value in node.items()})
    return node


def _older(node: Schema) -> Schema:
    """Write as draft 7 does, in which nothing may stand beside a reference."""
    if "$defs" in node:
        node["definitions"] = node.pop("$defs")
    if "$ref" in node:
        node["$ref"] = node["$ref"].replace("#/$defs/", "#/definitions/")
        if len(node) > 1:
            node["allOf"] = [{"$ref": node.pop("$ref")}]
    return node


def _as_block(node: Schema) -> Schema:
    """Write a choice of blocks as YAML has it: one key, or a bare word."""
    if "discriminator" not in node:
        return node
    mapping: dict[str, str] = node["discriminator"]["mapping"]
    alone = [kind for kind in mapping if not _required(BLOCKS[kind])]
    return {
        "type": ["object", "string"],
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {kind: _content(kind, _ref(ref)) for kind, ref in mapping.items()},
        "if": {"type": "string"},
        "then": {"enum": alone},
        "defaultSnippets": [_skeleton(kind) for kind in mapping],
    }


def _ref(written: str) -> str:
    return written.replace("#/$defs/", "#/definitions/")


def _content(kind: str, ref: str) -> Schema:
    """Describe what may stand after a block's key: its fields, or the one that says it all."""
    block = BLOCKS[kind]
    forms: list[Schema] = [{"$ref": ref}]
    if block.short:
        forms.append({"$ref": f"{ref}/properties/{block.short}"})
    if not _required(block):
        forms.append({"type": "null"})
    told = {"description": inspect.getdoc(block) or "", "anyOf": forms}
    return {**told, "examples": found} if (found := _examples().get(kind)) else told


def _required(block: type[BaseBlock]) -> list[str]:
    return [name for name, field in block.model_fields.items() if field.is_required()]


def _skeleton(kind: str) -> Schema:
    """Make what an editor puts in for a block, the cursor in its first place."""
    block = BLOCKS[kind]
    needed = _required(block)
    body: Any = {kind: {name: f"${place}" for place, name in enumerate(needed, 1)}}
    if not needed:
        body = kind
    elif needed == [block.short]:
        body = {kind: "$1"}
    return {"label": kind, "description": inspect.getdoc(block) or "", "body": body}


@cache
def _examples() -> dict[str, list[Any]]:
    """Take one of each block from the issue that shows them all."""
    starter, found = workspace.starter(), dict[str, list[Any]]()
    whole, _ = yaml.load((starter / _SAMPLE).read_bytes(), _SAMPLE)
    part, _ = yaml.load_list((starter / _SNIPPET).read_bytes(), _SNIPPET)
    for kind, content in _blocks([*whole.data["blocks"], *part.data]):
        found.setdefault(kind, [content])
    return found


def _blocks(written: list[Any]) -> Iterator[tuple[str, Any]]:
    for block in written:
        if isinstance(block, dict):
            yield from block.items()
            for column in block.get("columns", ()):
                yield from _blocks(column)


def _explained(model: type[BaseModel]) -> dict[str, str]:
    """Read what the source says below each field of a model and of those it is made from."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            found |= _below_fields(kind)
    return found


def _below_fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, text in zip(body.body, body.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(said))),
            ) if name in model.model_fields and name != "kind":
                yield name, " ".join(said.split())
