"""Every address of /openapi.json, tried with what fits it and with what does not (schemathesis)."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from newsletter.store import Store
from newsletter.testing import make_edition
from newsletter.testing.readers import make_workspace, publish, rows, subscribe
from newsletter.web.routes import TABLE
from newsletter.web.serving import running

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

TRIED = [
    (method, path, mode)
    for method, path, _ in TABLE
    for mode in ("positive", "negative")
    if (method, mode) != ("OPTIONS", "negative")  # which asks for nothing that could be wrong
]


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.for_file(tmp_path_factory.mktemp("register") / "register.sqlite3") as opened:
        subscribe(opened, "aino@example.fi")
        publish(opened, make_edition())
        yield opened


@pytest.fixture(scope="module")
def described(register: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("site")
    subscribing = {"check_domains": False, "per_network_hour": 10_000, "names": True}
    with running(make_workspace(root, subscribe=subscribing), register) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path", "mode"), TRIED)
def test_every_answer_is_one_that_is_described(
    described: Any,  # noqa: ANN401 - made by schemathesis
    register: Store,
    method: str,
    path: str,
    mode: str,
) -> None:
    operation = described[path][method]
    checks = schemathesis.checks
    # No schema tells which text is an address or a token that is known here.
    ours = [checks.positive_data_acceptance]
    if not path.startswith("/api/"):
        # A page takes any query and any field.
        ours.append(checks.negative_data_rejection)

    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    def try_it(case: Any) -> None:  # noqa: ANN401 - made by schemathesis
        answer = case.call()
        # To schemathesis a body that is too large is no fault of the body.
        large = [checks.negative_data_rejection] if answer.status_code == 413 else []
        case.validate_response(answer, excluded_checks=[*ours, *large])

    try_it()
    assert len(rows(register)["subscribers"]) == 1
