"""How many examples a property test looks at."""

from hypothesis import settings


def some(most: int) -> int:
    """Give so many with --thorough, and a part of them in `make test`, as the profile has it."""
    return max(1, most * settings().max_examples // 100)
