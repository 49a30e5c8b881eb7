"""The command line: parse, delegate, print, and say by the exit code how it went.

0 clean, 1 findings, 2 a wrong option or configuration, 3 a defect of ours, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence

from backend_engineer.cli.failure import Failure

CLEAN, FINDINGS, USAGE, CRASH, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141


def run(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code; never raises."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        from backend_engineer.cli.commands import dispatch  # noqa: PLC0415 - imports can fail too

        code = dispatch(arguments)
        sys.stdout.flush()
    except Failure as failure:
        _say(f"backend-engineer: {failure}")
        return USAGE
    except KeyboardInterrupt:
        _say("backend-engineer: stopped")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not complain about that when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the boundary
        return _crashed(error)
    return code


def _crashed(error: Exception) -> int:
    from backend_engineer import logs  # noqa: PLC0415 - only when it is needed

    details = "".join(traceback.format_exception(error))
    where = logs.record("the command line failed", details)
    what = traceback.format_exception_only(error)[-1].strip()
    _say(
        f"backend-engineer: failed with {what}\n"
        f"This is a defect of Backend Engineer; the details are in {where}"
    )
    return CRASH


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
