"""Asks the planner, on a thread of its own, what the rules of a settled snapshot want to know.

Nobody waits for it: what it answers makes the next snapshot, which is reviewed like an edit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from backend_analyzers.analyze import compared_findings, unanswered
from backend_analyzers.facts.advice import question_of
from backend_analyzers.facts.plans import plannable
from backend_analyzers.oracle import Question
from backend_analyzers.workspace import Workspace
from backend_engineer.answering import questions_of_fixes
from backend_engineer.lsp.projects import Project

log = logging.getLogger("backend_engineer.lsp")

_SLICE_SECONDS = 1.0
"""How long answers are gathered before they are shown."""


class Consulting:
    """`look` may be called from any thread; `answered` is called on this one's."""

    def __init__(self, answered: Callable[[], None]) -> None:
        self._answered = answered
        self._settled: dict[int, tuple[Project, Workspace]] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def look(self, settled: Iterable[tuple[Project, Workspace]]) -> None:
        """These snapshots have been seen by all rules: answer what they left open."""
        with self._wake:
            self._settled.update({id(project): (project, one) for project, one in settled})
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="planner")
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._settled:
                    self._wake.wait()
                project, workspace = self._settled.pop(next(iter(self._settled)))
            try:
                self._consult(project, workspace)
            except Exception:
                log.exception("the planner could not be asked about %s", project.root)

    def _consult(self, project: Project, workspace: Workspace) -> None:
        waiting = questions(project, workspace)

        def overtaken() -> bool:
            return project.stopped or id(project) in self._settled

        while waiting and not overtaken() and not project.answering.unavailable:
            until = time.monotonic() + _SLICE_SECONDS
            count = 0
            while waiting and not overtaken() and time.monotonic() < until:
                count += project.answering.answer((waiting.pop(0),))
            if count and not project.stopped:
                project.session.answered(project.answering.known)
                self._answered()


def questions(project: Project, workspace: Workspace) -> list[Question]:
    """What rules want to know, what the fixes in open documents must have proved, and their plans."""
    asked = dict.fromkeys(unanswered(workspace, project.selection.runs))
    by_path = workspace.fact(compared_findings)
    paths = tuple(project.uris)  # documents are opened and closed meanwhile
    for path in paths:
        asked.update(dict.fromkeys(questions_of_fixes(workspace, by_path.get(path, ()))))
    planned = workspace.fact(plannable)
    for path in paths:
        asked.update(dict.fromkeys(question_of(one) for one in planned.get(path, ())))
    return [question for question in asked if question not in workspace.answers]
