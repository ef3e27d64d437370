"""The wheel: one importable name, the starter workspace inside, works without the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT)], check=True
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel laid out as in site-packages."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # -P and the path put first: the wheel's package is used, never the checkout's.
    path = f"import sys; sys.path.insert(0, {str(installed)!r})"
    code = f"{path}; from newsletter.cli import run; run()"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"newsletter"}
    assert "newsletter/py.typed" in names


def test_the_starter_workspace_travels_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    starter = "newsletter/_starter/"

    assert {starter + "newsletter.toml", starter + "subscribers/sample.csv"} <= names
    for folder in ("issues", "templates"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file():
                assert starter + str(file.relative_to(ROOT)) in names


def test_nothing_private_travels(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert not [name for name in names if "sqlite3" in name or name.endswith((".eml", "/keys"))]


@pytest.mark.slow
def test_a_workspace_made_by_the_wheel_checks_clean(installed: Path, tmp_path: Path) -> None:
    made = run(installed, "init", "kirje", cwd=tmp_path)
    checked = run(installed, "check", "--workspace", "kirje", cwd=tmp_path)

    assert made.returncode == 0, made.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (tmp_path / "kirje" / "newsletter.toml").is_file()
