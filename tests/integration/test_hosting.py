"""Images published for real: to an S3 server on loopback, and by a run that is killed."""

import hashlib
import importlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.request import urlopen

import pytest

from newsletter import hosting
from newsletter.errors import InputError, ProviderError
from newsletter.testing import make_settings
from newsletter.workspace import Workspace

SERVER: Final = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
NAME: Final = "0123456789abcdef01234567.png"
KEYS: Final = {"NEWSLETTER_S3_KEY_ID": "test-id", "NEWSLETTER_S3_SECRET": "test-secret"}
CHILD: Final = """
import hashlib, sys
from pathlib import Path
from newsletter.hosting.placing import place
for number in range(int(sys.argv[2]), 100_000):
    content = hashlib.sha256(str(number).encode()).digest() * 20_000
    place(Path(sys.argv[1]), {hashlib.sha256(content).hexdigest(): content})
    if number == int(sys.argv[2]):
        print("ready", flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run moto's server in a process of its own; give its address."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if line.startswith("http://"))
        process.kill()


@pytest.fixture
def bucket(server: str, tmp_path: Path) -> Any:  # noqa: ANN401 - botocore's clients have no type
    """Make a bucket named after the test, and give a client that sees into it."""
    session = importlib.import_module("botocore.session").Session()
    client = session.create_client(
        "s3", region_name="us-east-1", endpoint_url=server,
        aws_access_key_id="test-id", aws_secret_access_key="test-secret",
    )  # fmt: skip
    client.name = hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]
    client.create_bucket(Bucket=client.name)
    yield client
    client.close()


Make = Callable[..., hosting.Host]


@pytest.fixture
def make(server: str, bucket: Any, tmp_path: Path) -> Make:  # noqa: ANN401 - as above
    """Make the host of a workspace that publishes into the bucket."""

    def host(**changes: Any) -> hosting.Host:  # noqa: ANN401 - as in TOML
        s3 = {"bucket": bucket.name, "base_url": f"{server}/{bucket.name}", "endpoint": server}
        settings = make_settings(images={"hosting": "s3", "s3": s3 | changes})
        return hosting.load(Workspace(tmp_path, settings), environment=KEYS)

    return host


def test_images_are_published_for_ever_under_their_addresses(make: Make, bucket: Any) -> None:  # noqa: ANN401
    host = make(prefix="kirje/2026")

    host.publish({NAME: b"\x89PNG one"})

    bucket.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    head = bucket.head_object(Bucket=bucket.name, Key=f"kirje/2026/{NAME}")
    assert head["ContentType"] == "image/png"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    bucket.put_object_acl(Bucket=bucket.name, Key=f"kirje/2026/{NAME}", ACL="public-read")
    with urlopen(host.url(NAME), timeout=10) as answer:
        assert answer.read() == b"\x89PNG one"


def test_what_is_there_is_not_uploaded_again(make: Make, bucket: Any) -> None:  # noqa: ANN401
    make().publish({NAME: b"one"})
    before = bucket.head_object(Bucket=bucket.name, Key=NAME)["LastModified"]
    bucket.put_object_tagging(
        Bucket=bucket.name, Key=NAME, Tagging={"TagSet": [{"Key": "mine", "Value": "yes"}]}
    )

    make().publish({NAME: b"one", NAME.replace("png", "ics"): b"two"})

    assert bucket.head_object(Bucket=bucket.name, Key=NAME)["LastModified"] == before
    assert bucket.get_object_tagging(Bucket=bucket.name, Key=NAME)["TagSet"]
    assert len(bucket.list_objects_v2(Bucket=bucket.name)["Contents"]) == 2


@pytest.mark.parametrize("other", [b"longer", b"two"])
def test_another_content_is_never_overwritten_in_a_bucket(
    make: Make,
    bucket: Any,  # noqa: ANN401
    other: bytes,
) -> None:
    digest = hashlib.sha256(other).hexdigest()
    bucket.put_object(Bucket=bucket.name, Key=NAME, Body=other, Metadata={"sha256": digest})

    with pytest.raises(InputError, match="holds something else than the image"):
        make().publish({NAME: b"one"})

    assert bucket.get_object(Bucket=bucket.name, Key=NAME)["Body"].read() == other


def test_a_bucket_that_does_not_exist_is_told(make: Make) -> None:
    with pytest.raises(ProviderError, match="the bucket 'no-such-bucket' refuses") as caught:
        make(bucket="no-such-bucket").publish({NAME: b"one"})

    assert caught.value.hint == "check bucket in [images.s3]"


def test_a_server_that_is_not_there_is_told(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        make(endpoint=f"http://127.0.0.1:{port}").publish({NAME: b"one"})

    assert "endpoint in [images.s3]" in caught.value.hint


@pytest.mark.slow
def test_whoever_is_killed_leaves_only_whole_files(tmp_path: Path) -> None:
    seen = 0
    for kill in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(kill * 1000)], stdout=subprocess.PIPE
        )
        with child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.003 * kill)  # not waiting for something: choosing where to strike
            child.send_signal(signal.SIGKILL)
        for file in tmp_path.iterdir():
            if not file.name.startswith("."):
                assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name
                seen += 1

    assert seen > 12


class Blind(BaseHTTPRequestHandler):
    """A service that does not say what is there to a key that may not list; see its `answer`."""

    answer = 200
    seen: ClassVar[list[tuple[str, str | None, bytes]]] = []

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.end_headers()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["If-None-Match"], body))
        self.send_response(self.answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def blind() -> Iterator[tuple[str, type[Blind]]]:
    handler = type("Handler", (Blind,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listener.server_port}", handler
        listener.shutdown()
        thread.join()


def behind(endpoint: str, folder: Path) -> hosting.Host:
    s3 = {"bucket": "kuvat", "base_url": "https://cdn.example.fi", "endpoint": endpoint}
    settings = make_settings(images={"hosting": "s3", "s3": s3})
    return hosting.load(Workspace(folder, settings), environment=KEYS)


@pytest.mark.parametrize("answer", [200, 412])
def test_a_key_that_may_not_see_what_is_there_lets_the_service_look(
    blind: tuple[str, type[Blind]], tmp_path: Path, answer: int
) -> None:
    endpoint, handler = blind
    handler.answer = answer

    behind(endpoint, tmp_path).publish({NAME: b"one"})

    assert handler.seen == [(f"/kuvat/{NAME}", "*", b"one")]


def test_a_key_that_may_not_write_is_told_its_rights(
    blind: tuple[str, type[Blind]], tmp_path: Path
) -> None:
    endpoint, handler = blind
    handler.answer = 403

    with pytest.raises(ProviderError, match="the bucket 'kuvat' refuses") as caught:
        behind(endpoint, tmp_path).publish({NAME: b"one"})

    assert "s3:PutObject" in caught.value.hint
    assert "test-secret" not in caught.value.message


def test_without_the_package_its_installation_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)

    with pytest.raises(InputError, match="needs the package botocore") as caught:
        behind("http://127.0.0.1:9", tmp_path).publish({NAME: b"one"})

    assert "newsletter-desk[s3]" in caught.value.hint
