from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing import make_edition
from newsletter.testing.readers import make_workspace, publish, subscribe, token
from newsletter.web import create_app, guard

PLACES = (
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/assets/site.css"),
    ("GET", "/assets/icon.svg"),
    ("GET", "/media/0123456789abcdef01234567.png"),
    ("GET", "/issues/kevatkirje/fi"),
    ("GET", "/u/TOKEN"),
    ("POST", "/u/TOKEN"),
    ("POST", "/u/TOKEN/undo"),
    ("GET", "/u/forged"),
    ("POST", "/u/forged"),
    ("GET", "/u/TOKEN/"),
    ("GET", "/issues/kevatkirje/fi/"),
    ("GET", "/healthz/"),
    ("PUT", "/u/TOKEN"),
    ("OPTIONS", "/u/TOKEN"),
    ("GET", "/nowhere"),
    ("GET", "//evil.example/"),
)


@pytest.mark.parametrize(("method", "path"), PLACES)
def test_every_answer_is_protected_sets_no_cookie_and_never_redirects(
    client: TestClient, store: Store, tmp_path: Path, method: str, path: str
) -> None:
    publish(store, make_edition())
    (tmp_path / ".newsletter" / "media").mkdir()
    (tmp_path / ".newsletter" / "media" / "0123456789abcdef01234567.png").write_bytes(b"png")
    link = path.replace("TOKEN", token(subscribe(store, "aino@example.fi")))

    answer = client.request(method, link, headers={"Host": "kirje.example.fi"})

    assert not 300 <= answer.status_code < 400
    assert answer.status_code < 500
    headers = answer.headers
    assert "set-cookie" not in headers
    assert "location" not in headers
    assert "server" not in headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"] == "max-age=31536000"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    if path.startswith("/u/"):
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex, nofollow"


def test_pages_allow_only_their_own_style_sheet_and_hold_nothing_inline(
    client: TestClient, store: Store
) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"

    for answer in (client.get(link), client.post(link), client.get("/"), client.get("/nowhere")):
        assert answer.headers["content-security-policy"] == guard.PAGE_POLICY
        assert "'unsafe" not in guard.PAGE_POLICY
        text = answer.text
        assert "<script" not in text
        assert "style=" not in text
        assert "<style" not in text
        assert "http:" not in text
        assert "https:" not in text


def test_without_https_no_browser_is_told_to_insist_on_it(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, public_url="http://127.0.0.1:8000")

    with TestClient(create_app(workspace, store)) as client:
        assert "strict-transport-security" not in client.get("/").headers


def test_below_a_path_the_pages_find_their_own_addresses(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, public_url="https://example.fi/kirje")
    path = f"/u/{token(subscribe(store, 'aino@example.fi'))}"

    with TestClient(create_app(workspace, store)) as client:
        text = client.get(path).text

    assert 'href="/kirje/assets/site.css?v=' in text
    assert f'action="/kirje{path}"' in text
