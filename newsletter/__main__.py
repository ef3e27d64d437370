"""`python -m newsletter` is the `newsletter` command."""

from newsletter.cli import run

if __name__ == "__main__":
    run()
