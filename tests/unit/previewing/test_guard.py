"""Nobody but the page that the preview gave gets anything from it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from newsletter.previewing import Table
from newsletter.previewing.app import create_app
from newsletter.previewing.live import Live

HERE = "http://127.0.0.1:8123"


@pytest.fixture
def client(table: Table) -> Iterator[TestClient]:
    app = create_app(Live(table, root="/secret"), port=8123, secret="secret")
    with TestClient(app, base_url=HERE, follow_redirects=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8123"}, 200),
        ({"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Host": "evil.example:8123"}, 403),
        ({"Host": "127.0.0.1:9999"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_only_the_page_itself_may_ask(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    assert client.get("/secret/kevat", headers=headers).status_code == status


@pytest.mark.parametrize(
    "path", ["/", "/kevat", "/secre/kevat", "/secret2/kevat", "//secret/", "/é"]
)
def test_without_the_secret_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(HERE + path).status_code == 404


def test_nothing_can_be_sent_to_it(client: TestClient) -> None:
    assert client.post("/secret/kevat").status_code == 405


def test_the_page_loads_nothing_from_outside_and_runs_only_its_own_script(
    client: TestClient,
) -> None:
    for path in ("/secret/", "/secret/kevat"):
        answer = client.get(path)

        assert "http" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_the_frame_of_a_mail_may_run_no_script(client: TestClient) -> None:
    policy = client.get("/secret/-/blank").headers["content-security-policy"]

    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self'")


def test_refusals_are_protected_too(client: TestClient) -> None:
    answer = client.get("/secret/", headers={"Host": "evil.example"})

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "Nelinvoimaa" not in answer.text


def test_an_unknown_issue_leads_to_the_list(client: TestClient) -> None:
    answer = client.get("/secret/syksy")

    assert (answer.status_code, answer.headers["location"]) == (303, "/secret/")
    assert 'href="/secret/kevat"' in client.get("/secret/").text


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        ("text", "Hei Aino!"),
        ("html", "<!doctype html>"),
        ("mjml", "Hei {{ first_name }}!"),
        ("stripped", "Kevätkirje"),
    ],
)
def test_each_part_of_a_mail_can_be_had(client: TestClient, kind: str, holds: str) -> None:
    answer = client.get(f"/secret/kevat/part/{kind}")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert holds in answer.text
    assert ("<style" in answer.text) == (kind == "html")


@pytest.mark.parametrize(
    "path",
    [
        "kevat/part/secrets",
        "syksy/part/html",
        "syksy/live",
        "-/media/..%2Fnewsletter.toml",
        "-/media/unknown.png",
        "-/assets/layout.html.j2",
        "-/assets/..%2F..%2Fnewsletter.toml",
    ],
)
def test_nothing_else_can_be_had(client: TestClient, path: str) -> None:
    assert client.get(f"/secret/{path}").status_code == 404


def test_images_come_from_here(client: TestClient) -> None:
    client.get("/secret/kevat/part/html")
    stripped = client.get("/secret/kevat/part/stripped").text
    address = stripped.partition('src="/secret/-/media/')[2].partition('"')[0]

    answer = client.get(f"/secret/-/media/{address}")

    assert answer.headers["content-type"].startswith("image/")
    assert "immutable" in answer.headers["cache-control"]


def test_a_part_that_cannot_be_had_says_why(client: TestClient, table: Table) -> None:
    file = table.workspace.issues / "kevat.fi.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("heading", "headin"), encoding="utf-8")

    answer = client.get("/secret/kevat/part/text")

    assert answer.status_code == 409
    assert "kevat.fi.yaml:5:5: error NL203: unknown block 'headin'" in answer.text


def test_a_part_is_that_of_the_last_save_that_could_be_shown(
    client: TestClient, table: Table
) -> None:
    file = table.workspace.issues / "kevat.fi.yaml"
    text = file.read_text(encoding="utf-8")
    shown = []
    for save in (text, text.replace("Kevätkirje", "Syyskirje"), "subject: ["):
        file.write_text(save, encoding="utf-8")
        shown.append(client.get("/secret/kevat/part/text?language=fi").text)

    assert "Kevätkirje" in shown[0]
    assert "Syyskirje" in shown[1]
    assert shown[2] == shown[1]
