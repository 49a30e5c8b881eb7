"""JSON-RPC messages on a pair of byte streams, each stream with a thread of its own.

The protocol loop neither waits for bytes nor for a client that does not read: a full pipe stops
the writing thread alone, and a busy pool of workers stops neither.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,10})[ \t]*\r?\n\Z", re.IGNORECASE)
_LONGEST_HEADER = 65_536


def bodies(stream: BinaryIO) -> Iterator[bytes]:
    """The body of each message, until the stream ends.

    Lines that are no header are skipped, so that after a wrong length the next message is found
    again, even when its header follows rubbish on the same line.
    """
    length = None
    while header := stream.readline(_LONGEST_HEADER):
        if found := _LENGTH.search(header):
            length = int(found.group(1))
        elif length is not None and not header.strip():
            body = stream.read(length)
            if len(body) < length:
                return
            yield body
            length = None


def framed(body: bytes) -> bytes:
    """A message as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Writer:
    """Writes to a stream on a thread of its own; `write` never blocks and never raises."""

    def __init__(self, stream: BinaryIO, lost: Callable[[], None]) -> None:
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._stream = stream
        self._lost = lost
        self._thread = threading.Thread(target=self._run, daemon=True, name="writer")
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._queue.put(data)

    def close(self, seconds: float = 1.0) -> None:
        """Let what was written go out, but do not wait for a client that has stopped reading."""
        self._queue.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                self._stream.write(data)
                if self._queue.empty():
                    self._stream.flush()
            self._stream.flush()
        except (OSError, ValueError):
            self._lost()
