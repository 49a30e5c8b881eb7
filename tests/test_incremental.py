"""Working step by step gives what working from scratch gives, whatever is typed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from backend_analyzers.analyze import faults, prove, review, workspace_report
from backend_analyzers.fact import FILE_FACTS, codes
from backend_analyzers.source import Edit, File, Language
from backend_analyzers.sources import Open
from backend_analyzers.syntax import module
from backend_analyzers.workspace import Workspace

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "examples" / "storefront"
STEPS = 60
SCRAPS = (
    b"\n",
    b" ",
    b"(",
    b")",
    b'"',
    b"'''",
    b"`",
    b"{",
    b"}",
    b":",
    b"# ",
    b"//",
    b"/*",
    b"--",
    b";",
    b"def f():\n    pass\n",
    b"async ",
    b"class X:\n",
    b"SELECT * FROM orders",
    b"await ",
    b"import os\n",
    b"@app.get('/x')\n",
    "é".encode(),
    "😋".encode(),
    b"\r\n",
    b"\t",
    b"return",
    b"for x in y:\n    ",
    b", ",
    b"=",
)


def _files() -> dict[str, bytes]:
    return {
        path.relative_to(SHOP).as_posix(): path.read_bytes()
        for path in sorted(SHOP.rglob("*"))
        if path.is_file() and Language.of(path.name)
    }


def _edit(chance: random.Random, text: bytes) -> Edit:
    """An edit at a character boundary: one keystroke, a deleted range or a pasted scrap."""
    start = chance.randrange(len(text) + 1)
    length = chance.choice((0, 0, 0, 1, 5, 60, 400))
    end = min(len(text), start + length)
    start, end = _boundary(text, start), _boundary(text, end)
    return Edit(start, max(start, end), chance.choice(SCRAPS) if chance.random() < 0.8 else b"")


def _boundary(text: bytes, offset: int) -> int:
    while offset < len(text) and text[offset] & 0xC0 == 0x80:
        offset += 1
    return offset


def _workspace(texts: dict[str, bytes]) -> Workspace:
    sources = {}
    for path, text in texts.items():
        language = Language.of(path)
        assert language
        sources[path] = Open(File(path, language, text))
    return Workspace(sources)


def _same_file(one: File, other: File) -> None:
    """Every fact of a file, except where error recovery differs: then only that nothing raises."""
    assert one.text == other.text
    for fact in FILE_FACTS.values():
        assert fact(one) == fact(other), fact.name


@pytest.mark.parametrize("seed", range(12))
def test_edits_equal_a_fresh_start(seed: int) -> None:
    chance = random.Random(seed)
    texts = _files()
    workspace = _workspace(texts)
    open_files = {path: workspace.files[path].file() for path in texts}
    favourite = chance.sample(sorted(texts), 4)
    for step in range(STEPS):
        path = chance.choice(favourite)
        before = open_files[path]
        edit = _edit(chance, before.text)
        if chance.random() < 0.15:  # take it back again
            edit = Edit(0, len(before.text), texts[path])
        after = before.edited((edit,))
        open_files[path] = after
        workspace = workspace.updated({path: Open(after)})
        if step % 3 == 0:
            review(workspace, path)
        if step % 15 == 14:
            fresh = _workspace({name: file.text for name, file in open_files.items()})
            for name, file in open_files.items():
                _same_file(file, fresh.files[name].file())
                assert review(workspace, name) == review(fresh, name)
            assert workspace.fact(workspace_report) == fresh.fact(workspace_report)
            assert not faults(workspace)


def test_typing_in_a_function_recomputes_that_function_only() -> None:
    text = b"".join(b"def f%d(x):\n    y = x\n    return y\n\n" % n for n in range(50))
    before = File("a.py", Language.PYTHON, text)
    kept = codes(before)
    at = text.index(b"y = x", 500)
    after = before.edited((Edit(at + 5, at + 5, b" + 1"),))

    changed = [code for code, old in zip(codes(after), kept, strict=True) if code is not old]

    assert len(changed) == 1
    assert len(module(after).units) == 50


def test_a_fix_follows_text_that_is_no_part_of_its_statement() -> None:
    """Spaces before the semicolon leave the statement, and the schema, as they were."""
    text = (
        b"CREATE TABLE t (id bigint PRIMARY KEY, a int, b int);\n"
        b"CREATE INDEX t_a ON t (a);\n"
        b"CREATE INDEX t_ab ON t (a, b);\n"
    )
    before = File("schema.sql", Language.SQL, text)
    workspace = Workspace({"schema.sql": Open(before)})
    assert [f.rule for f in review(workspace, "schema.sql")] == ["redundant-index"]
    at = text.index(b"(a);") + 3
    after = before.edited((Edit(at, at, b"   "),))

    (finding,) = review(workspace.updated({"schema.sql": Open(after)}), "schema.sql")
    fresh = Workspace({"schema.sql": Open(File("schema.sql", Language.SQL, after.text))})

    assert (finding,) == review(fresh, "schema.sql")
    assert prove(fresh, finding, finding.fixes[0]).holds


def test_a_fact_that_looks_at_the_files_is_never_stale() -> None:
    def sizes(workspace: Workspace) -> int:
        return sum(len(source.file().text) for source in workspace.files.values())

    workspace = Workspace.of({"a.py": "x = 1\n"})
    assert workspace.fact(sizes) == 6
    longer = Open(File("a.py", Language.PYTHON, b"x = 1\n# more\n"))
    assert workspace.updated({"a.py": longer}).fact(sizes) == 13
