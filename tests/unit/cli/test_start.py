import subprocess
import sys

HEAVY = ("sqlalchemy", "httpx", "fastapi", "starlette", "jinja2", "mjml", "alembic", "PIL", "babel")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from newsletter.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "LOADED []"
    assert "subscribers" in done.stdout
