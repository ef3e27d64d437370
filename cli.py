"""Launcher for a checkout: `python cli.py …` is the `newsletter` command. Not in the wheel."""

from newsletter.cli import run

if __name__ == "__main__":
    run()
