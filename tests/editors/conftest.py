"""A workspace as `newsletter init` makes it, with the schemas that editors read."""

from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.desk import editors


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("editors")
    workspace.create(folder)
    opened = workspace.load(folder)
    editors.write_schemas(opened)
    editors.mark(opened)
    return folder
