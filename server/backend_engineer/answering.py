"""What rules want to know from a database: asked of the planner once, and remembered.

The planner is loaded and started with the first question; without questions there is no PostgreSQL.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import msgspec

from backend_analyzers.analyze import unanswered
from backend_analyzers.oracle import Answer, Failed, Question
from backend_analyzers.rule import Finding, Rule
from backend_analyzers.workspace import Workspace
from backend_engineer import cache
from backend_engineer.settings import PlannerSettings

log = logging.getLogger("backend_engineer.planner")

_ROUNDS = 5
"""An answer may lead to further questions; those of the last round stay open."""
_MOST = 20_000
"""Answers kept in memory."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class Answering:
    """The planner of one project, and what it has answered so far.  May be used from any thread.

    `folder` is where answers are kept on disk, if anywhere; `clusters` where the planner keeps its
    server, else in the user's cache.  `unavailable` says why there is no planner, once that is known.
    """

    def __init__(
        self,
        root: Path,
        settings: PlannerSettings,
        folder: Path | None,
        *,
        clusters: Path | None = None,
    ) -> None:
        self.root = root
        self._clusters = clusters
        self.settings = settings
        self.unavailable = "" if settings.enabled else "it is turned off in the settings"
        self._folder = (
            folder if not settings.database_url_env else None
        )  # it may change at any time
        self._known: dict[Question, Answer] = {}
        self._planner: Any = None
        self._store: cache.Store | None = None
        self._lock = threading.Lock()

    @property
    def known(self) -> dict[Question, Answer]:
        """All answers so far."""
        return dict(self._known)

    def settle(self, workspace: Workspace, runs: Callable[[Rule], bool]) -> Workspace:
        """The workspace with every question of some rules answered."""
        for _ in range(_ROUNDS):
            questions = unanswered(workspace, runs)
            self.answer(questions)
            if not any(question in self._known for question in questions):
                break
            workspace = workspace.updated({}, answers=self.known)
        return workspace

    def answer(
        self, questions: Iterable[Question], *, stopped: Callable[[], bool] = lambda: False
    ) -> int:
        """Find answers and keep them; how many are new.  Stops early when `stopped` says so."""
        count = 0
        with self._lock:
            fresh: list[tuple[bytes, bytes]] = []
            for question in questions:
                if stopped() or self.unavailable:
                    break
                if question not in self._known:
                    answer, is_new = self._find(question)
                    if answer is None:
                        continue
                    self._keep(question, answer)
                    count += 1
                    if is_new and not isinstance(answer, Failed):
                        fresh.append((self._key(question), _encode(answer)))
            if fresh and self._store is not None:
                self._store.put(fresh)
        return count

    def close(self) -> None:
        """Stop the planner."""
        with self._lock:
            if self._planner is not None:
                self._planner.close()
                self._planner = None
            if self._store is not None:
                self._store.close()
                self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, question: Question, answer: Answer) -> None:
        while len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[question] = answer

    def _find(self, question: Question) -> tuple[Answer | None, bool]:
        """The answer, and whether it was not on disk."""
        if self._folder is not None and self._store is None:
            self._store = _store(self._folder)
        kept = self._store.get(self._key(question)) if self._store is not None else None
        if kept is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                return _decode(kept), False
        return self._ask(question), True

    def _ask(self, question: Question) -> Answer | None:
        answers = importlib.import_module("backend_engineer.planner.answers")
        try:
            if self._planner is None:
                self._planner = answers.open_planner(
                    self.settings, self.root, folder=self._clusters
                )
            answered: Answer = answers.answer(self._planner, question)
        except answers.Unavailable as error:
            self.unavailable = str(error)
            log.warning("queries are not planned and migrations not watched: %s", error)
            return None
        except Exception as error:
            log.exception("a question could not be answered")
            return Failed(f"{type(error).__name__}: {error}")
        return answered

    def _key(self, question: Question) -> bytes:
        state = blake2b(self._inputs, digest_size=16)
        state.update(_encode(question))
        return state.digest()

    @property
    def _inputs(self) -> bytes:
        """What an answer depends on besides its question: the settings, and the files they name."""
        state = blake2b(_encode(self.settings), digest_size=16)
        for name in (self.settings.statistics, self.settings.btree_heights):
            with contextlib.suppress(OSError):
                status = (self.root / name).stat()
                state.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
        return state.digest()


def questions_of_fixes(workspace: Workspace, findings: Iterable[Finding]) -> list[Question]:
    """The queries that must be compared before the fixes of some findings can be offered."""
    asked: dict[Question, None] = {}
    for finding in findings:
        for fix in finding.fixes:
            asked.update(dict.fromkeys(q for q in fix.same if q not in workspace.answers))
    return list(asked)


def _store(folder: Path) -> cache.Store:
    package = Path(__file__).parent / "planner"
    return cache.Store(folder / f"answers-{cache.fingerprint(package)}.sqlite")
