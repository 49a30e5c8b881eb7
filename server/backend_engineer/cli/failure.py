"""What ends a command with exit code 2."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - said to a person, not raised at one
    """What was asked cannot be done; the message names the thing, what was expected and what to do."""
