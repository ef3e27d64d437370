"""Every file in faulty/ is reported as its first lines say: `# expect: LINE:COLUMN RULE`."""

import re
from pathlib import Path

import pytest

from newsletter.errors import FindingsError, Level
from newsletter.testing.issues import make_document

FILES = sorted((Path(__file__).parent / "faulty").glob("*.yaml"))
JARGON = re.compile(r"input should|valid (string|tuple|dictionary)|_type|pydantic|mapping values")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_faulty_file_is_reported_with_all_its_faults_at_their_places(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    expected = re.findall(r"^# expect: (\S+) (\S+)$", text, re.MULTILINE)

    with pytest.raises(FindingsError) as caught:
        make_document(text, name=file.name)

    found = [(f"{f.place.line}:{f.place.column}", f.rule) for f in caught.value.findings]
    assert found == expected
    assert all(finding.level is Level.ERROR for finding in caught.value.findings)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_message_is_in_plain_words_and_shows_the_line(file: Path) -> None:
    with pytest.raises(FindingsError) as caught:
        make_document(file.read_text(encoding="utf-8"), name=file.name)

    for finding in caught.value.findings:
        assert not JARGON.search(finding.message.lower())
        assert finding.message[-1] != "."
        assert "^" in str(finding)
        assert str(finding).startswith(f"{file.name}:{finding.place.line}:")


def test_there_are_enough_faulty_files() -> None:
    assert len(FILES) >= 25
