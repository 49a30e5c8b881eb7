"""`check --fix` and `--diff`: only what holds, without loss, as a whole or not at all."""

from __future__ import annotations

import codecs
import os
import stat
import subprocess
from pathlib import Path

import pytest

from backend_analyzers.analyze import review_all
from backend_analyzers.source import File, Language
from backend_analyzers.sources import Open
from backend_analyzers.workspace import Workspace
from backend_engineer import fixes
from tests.server.command import MENDED, USELESS, Shell


def test_fixes_are_applied_until_none_is_left(shell: Shell) -> None:
    shell.write("a.py", USELESS * 3)
    shell.write("sub/b.py", "y = 2\n" + USELESS)
    ran = shell.run("check", "--fix")
    assert shell.read("a.py") == MENDED * 3
    assert shell.read("sub/b.py") == "y = 2\n" + MENDED
    assert (ran.code, ran.out) == (0, "No findings in 2 files.\nFixed 4 findings.\n")
    assert shell.run("check", "--fix").out == "No findings in 2 files.\n"


def test_a_difference_is_printed_and_nothing_is_written(shell: Shell) -> None:
    before = "y = 2\r\n" + USELESS.rstrip()
    shell.write("a.py", before)
    ran = shell.run("check", "--diff")
    assert ran.code == 1
    assert shell.read("a.py") == before
    patch = shell.write("change.patch", ran.out)
    subprocess.run(["git", "apply", patch.name], cwd=shell.folder, check=True)  # noqa: S607
    assert shell.read("a.py") == "y = 2\r\n" + MENDED.rstrip()
    assert shell.run("check", "--fix", "--diff").out == ""


def test_only_what_is_reported_is_fixed(shell: Shell) -> None:
    shell.write("backend-engineer.toml", "")
    for path in ("a.py", "b.py"):
        shell.write(path, USELESS)
    shell.run("check", "--fix", "--ignore", "security")
    shell.run("check", "--fix", "a.py")
    assert (shell.read("a.py"), shell.read("b.py")) == (MENDED, USELESS)


def test_since_fixes_changed_lines_only(shell: Shell) -> None:
    shell.git("init", "-q")
    shell.write("a.py", USELESS + "y = 2\n")
    shell.git("add", ".")
    shell.git("commit", "-qm", "one")
    shell.write("a.py", USELESS + "y = 2\n" + "x = 2  # backend: ignore[select-star]\n")
    assert shell.run("check", "--fix", "--since", "HEAD").code == 0
    assert shell.read("a.py") == USELESS + "y = 2\nx = 2\n"


def test_a_baseline_is_not_fixed(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    shell.run("check", "--baseline", "known.json", "--write-baseline")
    assert shell.run("check", "--fix", "--baseline", "known.json").code == 0
    assert shell.read("a.py") == USELESS


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: codecs.BOM_UTF32_BE + text.encode("utf-32-be"),
        lambda text: b"# coding: latin-1\n" + text.encode("latin-1"),
        lambda text: ("# -*- coding: cp1252 -*-\n" + text).encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode(),
    ],
    ids=["utf-8-bom", "utf-16-le", "utf-16-be", "utf-32-be", "latin-1", "cp1252", "crlf", "utf-8"],
)
def test_encodings_and_line_ends_are_kept(shell: Shell, encode: object) -> None:
    assert callable(encode)
    target = shell.write("a.py", encode("é = 'é'\n" + USELESS + "y = 2\n"))
    shell.run("check", "--fix")
    assert target.read_bytes() == encode("é = 'é'\n" + MENDED + "y = 2\n")


def test_a_file_whose_bytes_would_be_lost_is_left_alone(shell: Shell) -> None:
    raw = b"s = '\xff'\n" + USELESS.encode()
    target = shell.write("a.py", raw)
    ran = shell.run("check", "--fix")
    assert target.read_bytes() == raw
    assert "`a.py` was not changed: it holds bytes that are no utf-8" in ran.err
    assert ran.code == 1


def test_the_mode_of_a_file_is_kept_and_nothing_is_left_behind(shell: Shell) -> None:
    target = shell.write("a.py", USELESS)
    target.chmod(0o750)
    shell.run("check", "--fix")
    assert stat.S_IMODE(target.stat().st_mode) == 0o750
    assert [p.name for p in shell.folder.iterdir()] == ["a.py"]


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.py"
    target.write_text(USELESS)
    before, fixed = _fixed({"a.py": USELESS})
    target.write_text(USELESS + "y = 2\n")
    with pytest.raises(fixes.Refused, match="changed meanwhile"):
        fixes.write(tmp_path, before, fixed, "a.py")
    target.unlink()
    with pytest.raises(fixes.Refused, match="No such file"):
        fixes.write(tmp_path, before, fixed, "a.py")


def test_a_folder_that_cannot_be_written_is_a_reason(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        return  # root may write anywhere
    (tmp_path / "a.py").write_text(USELESS)
    before, fixed = _fixed({"a.py": USELESS})
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(fixes.Refused, match="Permission denied"):
            fixes.write(tmp_path, before, fixed, "a.py")
    finally:
        tmp_path.chmod(0o700)


def _fixed(texts: dict[str, str]) -> tuple[Workspace, fixes.Fixed]:
    sources = {
        path: Open(File(path, Language.PYTHON, text.encode())) for path, text in texts.items()
    }
    workspace = Workspace(sources)
    found = [f for group in review_all(workspace).values() for f in group]
    return workspace, fixes.fix_all(workspace, found)
