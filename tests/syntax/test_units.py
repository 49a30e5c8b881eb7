"""Units: their keys, what an edit leaves alone, and what a broken line costs."""

from __future__ import annotations

import inspect
import textwrap
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_analyzers import ir
from backend_analyzers.source import Edit, File, Language
from backend_analyzers.syntax import module
from tests.syntax.render import checked

SHOP = """\
import os, json as j
from typing import overload

LIMIT = 10
print(LIMIT)
print(LIMIT)

@overload
def price(x: int) -> int: ...
@overload
def price(x: str) -> str: ...
def price(x): return x

class Orders(Base):
    \'\'\'Orders.\'\'\'

    table = "orders"

    @property
    def size(self):
        return 1

    class Meta:
        def name(self): return "m"

    async def create(self, a):
        return await a

if LIMIT:
    def hidden(): pass
"""


def test_keys() -> None:
    units = checked(_file(SHOP)).units
    named = [unit.key for unit in units if not unit.key.startswith("#")]
    assert named == [
        "LIMIT",
        "price",
        "price~2",
        "price~3",
        "Orders",
        "Orders.table",
        "Orders.size",
        "Orders.Meta",
        "Orders.Meta.name",
        "Orders.create",
    ]
    unnamed = [unit.key for unit in units if unit.key.startswith("#")]
    assert sum(key.endswith("~2") for key in unnamed) == 1
    assert {unit.key: unit.owner for unit in units if unit.owner} == {
        next(key for key in unnamed if _unit(units, key).owner): "Orders",
        "Orders.table": "Orders",
        "Orders.size": "Orders",
        "Orders.Meta": "Orders",
        "Orders.Meta.name": "Orders.Meta",
        "Orders.create": "Orders",
    }


def test_the_header_of_a_class_ends_before_its_members() -> None:
    file = _file(SHOP)
    lowered = module(file)
    at = [unit.key for unit in lowered.units].index("Orders")
    header = lowered.units[at].node
    assert isinstance(header, ir.Class)
    assert header.body == ()
    offset = lowered.offsets[at]
    assert file.source(offset, offset + header.end) == "class Orders(Base):"


@pytest.mark.parametrize(
    ("inserted", "before", "changed"),
    [
        ("# more\n\n", "import os", set()),
        ("x", "return 1", {"Orders.size"}),
        ("x", "Base", {"Orders"}),
        ("x, ", "self, a", {"Orders.create"}),
        ("1", "10", {"LIMIT"}),
        ("import re\n", "LIMIT = 10", {"#new"}),
    ],
)
def test_an_edit_leaves_all_other_units_as_they_are(
    inserted: str, before: str, changed: set[str]
) -> None:
    file = _file(SHOP)
    old = {unit.key: unit for unit in module(file).units}
    after = _insert(file, inserted, before)
    new = {unit.key: unit for unit in checked(after).units}
    renewed = {key for key, unit in new.items() if old.get(key) is not unit}
    assert {key if key in old else "#new" for key in renewed} == changed


def test_units_are_taken_over_from_a_version_nobody_looked_at() -> None:
    file = _file(SHOP)
    old = {unit.key: unit for unit in module(file).units}
    after = _insert(_insert(file, "x", "return 1"), "y", "return 1")
    new = {unit.key: unit for unit in module(after).units}
    assert {key for key in new if new[key] is not old.get(key)} == {"Orders.size"}


def test_a_class_member_and_a_function_of_the_same_text_are_two_units() -> None:
    units = checked(_file("class A:\n  def f(): pass\ndef f(): pass\n")).units
    assert [(unit.key, unit.owner) for unit in units] == [("A", ""), ("A.f", "A"), ("f", "")]


@pytest.mark.parametrize(
    ("inserted", "before"),
    [
        ("(", "return 1"),
        ("[1, ", "return 1"),
        ("{", "return 1"),
        ("x = '", "return 1"),
        ('"""', "return 1"),
        ("f(a, \n", "        return 1"),
        ("def ", "return 1"),
        ("if x\n        ", "return 1"),
        ("x = f(\n        ", "return 1"),
        (")", "return 1"),
        ("lambda", "return 1"),
        ("f'{", "return 1"),
        ("def g(\n    ", "@property"),
        ("@\n    ", "@property"),
    ],
)
def test_a_broken_line_costs_its_own_function(inserted: str, before: str) -> None:
    file = _file(SHOP)
    old = {unit.key: unit for unit in module(file).units}
    new = {unit.key: unit for unit in checked(_insert(file, inserted, before)).units}
    for key in old.keys() - {"Orders.size"}:
        assert new.get(key) is old[key], key


@pytest.mark.parametrize("opening", ["(", "[", "foo(a,", '"""', "class", "def f(", "x = '"])
def test_a_broken_line_at_the_top_costs_no_function(opening: str) -> None:
    file = _file(SHOP)
    old = {unit.key: unit for unit in module(file).units}
    new = {unit.key: unit for unit in checked(_insert(file, opening + "\n", "LIMIT = 10")).units}
    for key, unit in old.items():
        if not key.startswith(("#", "LIMIT")):
            assert key in new, key
            assert new[key].node == unit.node, key


def test_a_class_below_a_broken_line_keeps_its_members() -> None:
    # Recovery ends with an error that holds the word `class` alone, on the line of what follows.
    source = """\
def create(body):
    await connection.execute(
    return {"id": body}


class Label:
    id: int

    def label(self):
        return f"{self.name}"


class Labels:
    \'\'\'Rows.\'\'\'

    def one(self):
        return self.connection.execute("SELECT 1", (1,))


@router.get("/labels")
async def labels():
    return 1
"""
    keys = {unit.key for unit in checked(_file(source)).units}
    assert {"create", "Label.label", "Labels", "Labels.one", "labels"} <= keys
    assert "one" not in keys


def test_definitions_in_strings_stay_there_when_another_line_breaks() -> None:
    source = '"""\ndef not_me(): pass\n"""\nx = f(\ndef me(): pass\n'
    keys = {unit.key for unit in checked(_file(source)).units}
    assert "me" in keys
    assert "not_me" not in keys


# Properties on real source ---------------------------------------------------------------------

_FRAGMENTS = ["(", ")", "[", "{", "'", '"""', ":", "\n", "    ", "def ", "class ", "@", "=", "x"]
_FRAGMENTS += ["f'{", "\\", "#", "é", "😀", "\r\n", "\t", ".", ",", "import ", "lambda ", "\x00"]
_CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True), st.integers(0, 30), st.sampled_from(["", *_FRAGMENTS])
    ),
    min_size=1,
    max_size=6,
)


@cache
def _real() -> str:
    return inspect.getsource(textwrap) + inspect.getsource(inspect.Signature)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_any_part_of_real_source_lowers(start: float, end: float) -> None:
    text = _real()
    checked(_file(text[int(start * len(text)) : int(end * len(text))]))


@settings(deadline=None, max_examples=40)
@given(_CHANGES)
def test_incremental_is_the_same_as_from_scratch(changes: list[tuple[float, int, str]]) -> None:
    file = _file(_real())
    module(file)
    for at, deleted, inserted in changes:
        text = file.text.decode()
        index = int(at * len(text))
        start = len(text[:index].encode())
        end = start + len(text[index : index + deleted].encode())
        file = file.edited((Edit(start, end, inserted.encode()),))
        fresh = File(file.path, file.language, file.text)
        assert checked(file) == checked(fresh)


def _insert(file: File, text: str, before: str) -> File:
    at = file.text.index(before.encode())
    return file.edited((Edit(at, at, text.encode()),))


def _unit(units: tuple[ir.Unit, ...], key: str) -> ir.Unit:
    return next(unit for unit in units if unit.key == key)


def _file(source: str) -> File:
    return File("shop.py", Language.PYTHON, source.encode())
