"""Notices that the client is gone, so that no server stays behind."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

_SECONDS = 1.0


def watch(process: int, gone: Callable[[], None]) -> None:
    """Call `gone` when the process with this id has ended.

    A process that cannot be seen from the start is not watched: the client may live in another
    container, where its id means nothing here.  The end of the input tells of those.
    """
    if sys.platform != "win32" and _is_alive(process):
        threading.Thread(target=_poll, args=(process, gone), daemon=True, name="parent").start()


def _poll(process: int, gone: Callable[[], None]) -> None:
    while _is_alive(process):
        time.sleep(_SECONDS)
    gone()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
