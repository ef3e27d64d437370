"""Workspaces with one hosting or another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.testing import make_settings
from newsletter.workspace import Workspace


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Workspace]:
    """Make a workspace whose [images] are as given."""

    def workspace(**images: Any) -> Workspace:  # noqa: ANN401 - as in TOML
        return Workspace(tmp_path, make_settings(images=images))

    return workspace
