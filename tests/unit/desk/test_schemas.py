"""The schemas that editors read: what fits the models fits them, and everything is explained."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator

from newsletter import providers, workspace
from newsletter.desk.schema_forms import Schema
from newsletter.desk.schemas import SCHEMAS, Known
from newsletter.issue import yaml
from newsletter.issue.blocks import BLOCKS
from newsletter.workspace import starter

KNOWN: Final = Known.of(workspace.load(starter()))


@cache
def schema(name: str, known: Known = KNOWN) -> Schema:
    return SCHEMAS[name](known)


def faults(name: str, written: object, known: Known = KNOWN) -> list[str]:
    validator = Draft7Validator(schema(name, known))
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(written)]


def issue(**changed: object) -> dict[str, Any]:
    return {"subject": "Kevät", "blocks": [{"text": "Hei"}], **changed}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("known", [KNOWN, Known()], ids=["workspace", "anywhere"])
def test_each_is_a_schema(name: str, known: Known) -> None:
    Draft7Validator.check_schema(schema(name, known))


@pytest.mark.parametrize("file", sorted((starter() / "issues").glob("*.yaml")), ids=str)
def test_the_samples_fit(file: Path) -> None:
    assert faults("issue", yaml.load(file.read_bytes(), file.name)[0].data) == []


def test_the_sample_of_the_settings_fits() -> None:
    assert faults("settings", tomllib.loads((starter() / "newsletter.toml").read_text())) == []


def _described(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for owner, inner in {"": schema, **schema.get("definitions", {})}.items():
        for name, told in inner.get("properties", {}).items():
            yield f"{owner}.{name}", told


@pytest.mark.parametrize("name", ["issue", "sequence"])
def test_every_key_is_explained(name: str) -> None:
    assert [key for key, told in _described(schema(name)) if "description" not in told] == []


def test_every_block_can_be_written_and_has_an_example() -> None:
    blocks = schema("issue")["properties"]["blocks"]["items"]

    assert set(blocks["properties"]) == set(BLOCKS)
    without = [kind for kind, told in blocks["properties"].items() if not told.get("examples")]
    assert without == ["divider"]  # a bare word
    assert {item["label"] for item in blocks["defaultSnippets"]} == set(BLOCKS)
    for kind, told in blocks["properties"].items():
        for example in told.get("examples", ()):
            assert faults("issue", issue(blocks=[{kind: example}]), Known()) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (issue(sujbect="x"), "sujbect"),
        (issue(lists=["utiskirje"]), "utiskirje"),
        (issue(where={"kunta": "Sysmä"}), "kunta"),
        (issue(blocks=[{"heading": "a", "text": "b"}]), "too many properties"),
        (issue(blocks=["heading"]), "heading"),
        (issue(blocks=[{"heading": {"text": "x", "level": 4}}]), "not valid"),
        ({"blocks": [{"text": "Hei"}]}, "subject"),
        (issue(blocks=[{"image": {"src": "a.jpg"}}]), "'image'"),
        (issue(blocks=[{"facts": [{"value": "1", "label": "x"}]}]), "'facts'"),
        (issue(blocks=[{"columns": [["divider"]] * 4}]), "'columns'"),
    ],
)
def test_what_does_not_fit_is_refused(written: dict[str, Any], said: str) -> None:
    assert said in "\n".join(faults("issue", written))


def test_without_a_workspace_any_name_will_do() -> None:
    assert faults("issue", issue(lists=["x"], where={"kunta": "y"}), Known()) == []


def test_the_settings_of_each_provider_are_known() -> None:
    sections = schema("settings")["properties"]["providers"]["properties"]

    assert set(sections) == set(providers.names())
    assert all(section["additionalProperties"] is False for section in sections.values())
