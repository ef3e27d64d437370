"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from newsletter.store import Store
from newsletter.testing import stores
from tests import compiling

# A busy machine is slow, not wrong: no property test fails by the clock.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", parent=settings.get_profile("patient"), max_examples=40)
settings.load_profile("short")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with stores.fresh(tmp_path) as opened:
        yield opened


@pytest.fixture
def two_stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Give two stores of one PostgreSQL database, as two machines have them."""
    with stores.postgresql().fresh() as url, Store.open(url) as one, Store.open(url) as other:
        yield one, other


def pytest_configure(config: pytest.Config) -> None:
    compiling.once()
    stores.choose(config.getoption("--database"))
    if config.getoption("--thorough"):
        settings.load_profile("patient")


def pytest_unconfigure() -> None:
    stores.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only --thorough asks for."""
    if config.getoption("--thorough"):
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("thorough")]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pass over what is about SQLite itself on PostgreSQL, and what needs a server without one."""
    if stores.chosen() != "sqlite" and (mark := item.get_closest_marker("sqlite")):
        pytest.skip(f"SQLite only: {mark.kwargs['reason']}")
    if item.get_closest_marker("postgresql") or stores.chosen() == "postgresql":
        try:
            stores.postgresql()
        except stores.NoServerError as error:
            pytest.skip(f"no PostgreSQL: {error.message}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="which database the fixture `store`, and whatever else is not fixed, is in",
    )
    parser.addoption(
        "--thorough",
        action="store_true",
        help="also what takes long: more examples, every screen in every language (make thorough)",
    )
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the golden files from what the code does now; look at the difference",
    )


@pytest.fixture
def often(request: pytest.FixtureRequest) -> int:
    """Give how often to look at what must not change by being looked at."""
    return 100 if request.config.getoption("--thorough") else 10


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
