from pathlib import Path

import pytest

from newsletter.errors import InputError
from newsletter.render import Gallery, render
from newsletter.settings import Settings
from newsletter.testing.issues import make_issue


def with_own(
    tmp_path: Path, settings: Settings, templates: Path, gallery: Gallery, **own: str
) -> str:
    """Render a small issue with templates of the workspace's own before the starter's."""
    folder = tmp_path / "templates"
    for name, text in own.items():
        file = folder / (name.replace("__", "/").replace("_", ".") + ".j2")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    issue = make_issue(blocks=[{"heading": "Otsikko"}, {"byline": "Aino & co"}])
    made = render(issue, name="x", settings=settings, folders=[folder, templates], gallery=gallery)
    return made.html.fill({})


def test_the_workspace_s_own_template_wins_file_by_file(
    tmp_path: Path, settings: Settings, templates: Path, gallery: Gallery
) -> None:
    own = '<mj-text css-class="{{ marker }}">Kirjoitti {{ block.author }}</mj-text>'

    made = with_own(tmp_path, settings, templates, gallery, blocks__byline_mjml=own)

    assert "Kirjoitti Aino &#38; co" in made
    assert ">Otsikko</h1>" in made


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("{% if %}", r"template blocks/byline\.mjml\.j2:1: expected"),
        ("\n{{ block.autor }}", r"template blocks/byline\.mjml\.j2:2: .*no attribute 'autor'"),
        ("{% include 'missing.j2' %}", r"no template missing\.j2"),
        ("<mj-text>x</mj-text>", "broken HTML: block-1 is missing"),
        ('<mj-foo css-class="{{ marker }}">x</mj-foo>', "broken HTML: <mj-foo> is left over"),
        ('<mj-text css-class="{{ marker }}"><p>x</mj-text>', "the templates make no MJML"),
        ("</mj-column>", "the templates make no MJML"),
        ('<mj-text css-class="{{ marker }}">' + "<b>" * 300 + "x" + "</b>" * 300 + "</mj-text>",
         "nest more than 200 elements"),
        ('<mj-text css-class="{{ marker }}" font-size="{{ unsubscribe_url }}">x</mj-text>',
         "field 'unsubscribe_url' stands in a"),
    ],
)  # fmt: skip
def test_a_template_at_fault_is_named_and_nothing_is_made(
    tmp_path: Path, settings: Settings, templates: Path, gallery: Gallery, *, own: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        with_own(tmp_path, settings, templates, gallery, blocks__byline_mjml=own)

    assert caught.value.hint


def test_a_changed_template_is_seen_at_once(
    tmp_path: Path, settings: Settings, templates: Path, gallery: Gallery
) -> None:
    own = '<mj-text css-class="{{ marker }}">ennen</mj-text>'
    before = with_own(tmp_path, settings, templates, gallery, blocks__byline_mjml=own)

    after = with_own(
        tmp_path,
        settings,
        templates,
        gallery,
        blocks__byline_mjml=own.replace("ennen", "sen jälkeen"),
    )

    assert "ennen" in before
    assert "sen jälkeen" in after


def test_a_block_without_a_text_template_is_written_by_the_default_one(
    tmp_path: Path, settings: Settings, templates: Path, gallery: Gallery
) -> None:
    folder = tmp_path / "starter"
    for file in templates.rglob("*.j2"):
        copy = folder / file.relative_to(templates)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.name != "contacts.txt.j2":
            copy.write_bytes(file.read_bytes())
    issue = make_issue(
        blocks=[{"heading": "A"}, {"contacts": [{"name": "Aino", "email": "aino@example.fi"}]}]
    )

    made = render(issue, name="x", settings=settings, folders=[folder], gallery=gallery)

    assert "\nAino\naino@example.fi\n" in made.text.fill({})
