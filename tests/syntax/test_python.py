"""What each form of Python lowers to, and that nothing about its size or its faults is fatal."""

from __future__ import annotations

import pytest

from backend_analyzers import ir
from backend_analyzers.source import File, Language
from tests.syntax.render import checked, rendered, shown

FORMS = [
    (
        "x = 1",
        "(Assign [x] 1)",
    ),
    (
        "x = y = 0x_ff, -1.5e3, 1j, 07, True, None, ...",
        "(Assign [x y] (Collection tuple [255 (- 1500.0) (Unknown) (Unknown) True None (Unknown)]))",
    ),
    (
        "x: int",
        "(Assign [x] annotation=int)",
    ),
    (
        'x: "Order" = f(a, *b, k=1, **c)',
        "(Assign [x] (Call f [a *b k=1 **c]) annotation=(Text ['Order']))",
    ),
    (
        "x += a @ b",
        "(Assign [x] (@ a b) operator=+)",
    ),
    (
        'x, *y = [1, *z], {1, *z}, {"k": v, **w}, ()',
        "(Assign [(Collection tuple [x *y])] (Collection tuple [(Collection list [1 *z]) (Collection set [1 *z]) (Collection mapping [(Text ['k']):v *w]) (Collection tuple)]))",
    ),
    (
        "a.b[0].c[1:2, ::3] = d[...]",
        "(Assign [(Index (Index a.b 0).c (Collection tuple [(: 1 2) (: 3)]))] (Index d (Unknown)))",
    ),
    (
        "not a and b or -c ** ~d",
        "=(or (and (not a) b) (- (** c (~ d))))",
    ),
    (
        "a < b not in c is not d",
        "=(and (< a b) (not in b c) (is not c d))",
    ),
    (
        "a if b else c",
        "=(?: b a c)",
    ),
    (
        "(n := 10)",
        "=(:= n 10)",
    ),
    (
        "await f(x for x in y)",
        "=(Await (Call f [(Comprehension generator x generators=[(Generator target=x iterable=y)])]))",
    ),
    (
        "[a async for b, c in d if e if f for g in h]",
        "=(Comprehension list a generators=[(Generator target=(Collection tuple [b c]) iterable=d conditions=[e f]) (Generator target=g iterable=h)])",
    ),
    (
        "{k: v for k in a}",
        "=(Comprehension mapping (: k v) generators=[(Generator target=k iterable=a)])",
    ),
    (
        "f = lambda a, *b, c=1, **d: (yield a)",
        "(Assign [f] (Lambda (Function [(Parameter a) (Parameter b *) (Parameter c default=1) (Parameter d **)] [(Return (yield a))] is_generator)))",
    ),
    (
        'print(f"a{{b}} {y!r:>{w}} {z=} \\x41{a, b}")',
        "=(Call print [(Text ['a' '{' 'b' '}' ' ' (Hole (format y w)) ' ' (Hole z) ' ' 'A' (Hole (Collection tuple [a b]))])])",
    ),
    (
        'x = ("one\\n" # why\n  \'tw\\\no\' rb"\\d" "\\u00e9\\N{BULLET}\\101\\q\\ud800")',
        "(Assign [x] (Text ['one' '\\n' 'tw' '' 'o' '\\\\d' 'é' '•' 'A' '\\\\' 'q' '�'] is_bytes))",
    ),
    (
        'x = t"hi {x}", B\'\\xff\\u00e9\', F"""{f\'{q["k"]}\'}"""',
        "(Assign [x] (Collection tuple [(Text ['hi ' (Hole x)] t) (Text ['ÿ' '\\\\u00e9'] is_bytes) (Text [(Hole (Text [(Hole (Index q (Text ['k'])))]))])]))",
    ),
    (
        "import a.b, c.d as e",
        "(Import a [(Imported alias=a)])\n(Import c.d [(Imported alias=e)])",
    ),
    (
        "import os",
        "(Import os [(Imported alias=os)])",
    ),
    (
        "from . import x",
        "(Import . [(Imported x alias=x)])",
    ),
    (
        "from ..m.n import (a as b, c,)",
        "(Import ..m.n [(Imported a alias=b) (Imported c alias=c)])",
    ),
    (
        "from m import *",
        "(Import m [(Imported *)])",
    ),
    (
        "from __future__ import annotations",
        "(Import __future__ [(Imported annotations alias=annotations)])",
    ),
    (
        "def f[T: int](a, /, b: int = 2, *, c=1, **k: str) -> list[int] | None: pass",
        "(Function f [(Parameter a) (Parameter b annotation=int default=2) (Parameter *) (Parameter c default=1) (Parameter k annotation=str **)] [(Other)] returns=(| (Index list int) None))",
    ),
    (
        "async def g(*args: dict[str, int], d): return (yield)",
        "(Function g [(Parameter args annotation=(Index dict (Collection tuple [str int])) *) (Parameter d)] [(Return (yield))] is_async is_generator)",
    ),
    (
        '@app.get("/x")\n@staticmethod\ndef h(): return await x',
        "(Function h [(Return (Await x))] decorators=[(Call app.get [(Text ['/x'])]) staticmethod] is_static)",
    ),
    (
        "if a: b\nelif c: d\nelif e: f\nelse: g",
        "(Branch a [=b] orelse=[(Branch c [=d] orelse=[(Branch e [=f] orelse=[=g])])])",
    ),
    (
        "for a, b in c: break\nelse: d",
        "(Loop each target=(Collection tuple [a b]) iterable=c [(Jump break)] orelse=[=d])",
    ),
    (
        "async def f():\n    async for x in y: continue\n    async with open(a) as f, b as (c, d): pass",
        "(Function f [(Loop each target=x iterable=y [(Jump continue)] is_async) (With items=[(Managed context=(Call open [a]) target=f) (Managed context=b target=(Collection tuple [c d]))] [(Other)] is_async)] is_async)",
    ),
    (
        "while a: pass",
        "(Loop while iterable=a [(Other)])",
    ),
    (
        "with (open(a) as f, b as (c, d)): pass",
        "(With items=[(Managed context=(Call open [a]) target=f) (Managed context=b target=(Collection tuple [c d]))] [(Other)])",
    ),
    (
        "with a, b as c.d: pass",
        "(With items=[(Managed context=a) (Managed context=b target=c.d)] [(Other)])",
    ),
    (
        "try: a\nexcept* (A, B) as e: b\nexcept A, B: c\nexcept: raise\nelse: d\nfinally: raise X(1) from e",
        "(Try [=a] handlers=[(Handler catches=(Collection tuple [A B]) e [=b]) (Handler catches=(Collection tuple [A B]) [=c]) (Handler [(Raise)])] orelse=[=d] final=[(Raise (Call X [1]))])",
    ),
    (
        "raise X from f()",
        "(Raise (from X (Call f)))",
    ),
    (
        'global a; nonlocal b; del c[0], d; assert e, "f"',
        "(Other [a])\n(Other [b])\n(Other [(Collection tuple [(Index c 0) d])])\n(Other [e (Text ['f'])])",
    ),
    (
        "type X[T] = list[T]",
        "(Assign [X] (Index list T))",
    ),
    (
        'match a, b:\n    case Foo(x=1, y) if g: pass\n    case [p, *_] | {"k": v, **r}: pass\n    case "s" as q: pass\n    case m.n | -1 | None: pass\n    case -1: pass\n    case _: pass',
        "(Branch (and (case (Collection tuple [a b]) (Call Foo [x=1 y])) g) [(Other)] orelse=[(Branch (case (Collection tuple [a b]) (| (Collection list [p *_]) (Collection mapping [(Text ['k']):v *r]))) [(Other)] orelse=[(Branch (case (Collection tuple [a b]) (as (Text ['s']) q)) [(Other)] orelse=[(Branch (case (Collection tuple [a b]) (| m.n (- 1) None)) [(Other)] orelse=[(Branch (case (Collection tuple [a b]) (- 1)) [(Other)] orelse=[(Branch (case (Collection tuple [a b]) _) [(Other)])])])])])])",
    ),
    (
        'print "x", y',
        "(Other [(Text ['x']) y])",
    ),
    (
        'exec "code" in d',
        "(Other [(Text ['code']) d])",
    ),
    (
        "`x`",
        "=(Unknown [(Unknown) (Unknown) (Unknown)])",
    ),
    (
        "try:\n    import a, b as c\nexcept ImportError: a = None",
        "(Try [(Import a [(Imported alias=a)]) (Import b [(Imported alias=c)])] handlers=[(Handler catches=ImportError [(Assign [a] None)])])",
    ),
    (
        'class A(B[T], metaclass=M):\n    """Doc"""\n    x: int = 1\n    class C:\n        def f(self): pass\n    if y:\n        class D(E):\n            z = 1',
        "(Class A bases=[(Index B T) metaclass=M])\n=(Text ['Doc'])\n(Assign [x] 1 annotation=int)\n(Class C)\n(Function f [(Parameter self)] [(Other)])\n(Branch y [(Class D bases=[E] [(Assign [z] 1)])])",
    ),
    (
        "def f():\n    class A:\n        def g(self): pass",
        "(Function f [(Class A [(Function g [(Parameter self)] [(Other)])])])",
    ),
    (
        "x = yield",
        "(Assign [x] (yield))",
    ),
    (
        "class A[T]: pass",
        "(Class A)\n(Other)",
    ),
    (
        'x: Callable[[int], "str"] = -1 | None',
        "(Assign [x] (| (- 1) None) annotation=(Index Callable (Collection tuple [(Collection list [int]) (Text ['str'])])))",
    ),
    (
        'print(*a, sep="") if b else None',
        "=(?: b (Call print [*a sep=(Text)]) None)",
    ),
    (
        "return a, *b",
        "(Return (Collection tuple [a *b]))",
    ),
    (
        "x = a if b else c,",
        "(Assign [x] (Collection tuple [(?: b a c)]))",
    ),
    (
        "for x in 1, 2: pass",
        "(Loop each target=x iterable=(Collection tuple [1 2]) [(Other)])",
    ),
    (
        "def f(*, a): pass",
        "(Function f [(Parameter *) (Parameter a)] [(Other)])",
    ),
    (
        "f(a)(b)[c] # why\n",
        "=(Index (Call (Call f [a]) [b]) c)",
    ),
    (
        "x = (a and\n     # why\n     b)",
        "(Assign [x] (and a b))",
    ),
    (
        "f(  # why\n    a,\n    b=1,  # why\n)",
        "=(Call f [a b=1])",
    ),
    (
        "x = ''",
        "(Assign [x] (Text))",
    ),
    (
        'x = f"{a}" "b" f\'{c!r:>10}\'',
        "(Assign [x] (Text [(Hole a) 'b' (Hole c)]))",
    ),
    (
        "x = rf'\\d{a}'",
        "(Assign [x] (Text ['\\\\d' (Hole a)]))",
    ),
    (
        "class A(B, C(D)):\n    a = b = 1\n    @d\n    async def f(cls): yield from x",
        "(Class A bases=[B (Call C [D])])\n(Assign [a b] 1)\n(Function f [(Parameter cls)] [=(yield from x)] decorators=[d] is_async is_generator)",
    ),
    (
        "def f((a, b), c): pass",
        "(Function f [(Parameter pattern=(Collection tuple [a b])) (Parameter c)] [(Other)])",
    ),
    (
        'raise X, "y"',
        "(Raise (Collection tuple [X (Text ['y'])]))",
    ),
    (
        '"\\\r\n\\x00 😀\\U0001f600"',
        "=(Text ['' '\\x00' ' 😀' '😀'])",
    ),
    (
        'exec "x"',
        "(Other [(Text ['x'])])",
    ),
    (
        "return",
        "(Return)",
    ),
    (
        "a = b if (yield) else await c",
        "(Assign [a] (?: (yield) b (Await c)))",
    ),
    (
        "del x",
        "(Other [x])",
    ),
    (
        "x = 0xffffffffffffffffff, 1_000",
        "(Assign [x] (Collection tuple [(Unknown) 1000]))",
    ),
    (
        "@a\n@b.c\nclass D: pass",
        "(Class D decorators=[a b.c])\n(Other)",
    ),
    (
        "import a.b.c",
        "(Import a [(Imported alias=a)])",
    ),
    (
        "from .... import a",
        "(Import .... [(Imported a alias=a)])",
    ),
    (
        "while True:\n    if a: continue\n    else: break",
        "(Loop while iterable=True [(Branch a [(Jump continue)] orelse=[(Jump break)])])",
    ),
    (
        "lambda: 0",
        "=(Lambda (Function [(Return 0)]))",
    ),
    (
        'x = {**a, "b": c for d in e}',
        "(Assign [x] (Collection mapping [*a (Text ['b']):(in d e)]))",
    ),
]


@pytest.mark.parametrize(("source", "expected"), FORMS, ids=[source for source, _ in FORMS])
def test_form(source: str, expected: str) -> None:
    assert rendered(source) == expected


@pytest.mark.parametrize("source", [source for source, _ in FORMS], ids=lambda text: text)
def test_same_within_a_function(source: str) -> None:
    """Blocks lower what they hold as the top level does; here only that it all lies in place."""
    body = "\n    ".join(source.split("\n"))
    lowered = checked(_file(f"async def around():\n    {body}\n"))
    assert lowered.units[0].key == "around"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = f(1, 2", ["f", "1", "2"]),
        ("def f():\n    a = [b,\n    return c\n", ["b", "c"]),
        ("def f(x:\n    return x\n", ["x"]),
        ("if a ==\n    b = 1\n", ["a", "b", "1"]),
        ("def f():\n    x = \n    query(y)\n", ["y"]),
        ("with open(p) as:\n    g()\n", ["p", "g"]),
        ("f(a, def, b)", ["f", "a", "b"]),
    ],
)
def test_broken_code_keeps_what_can_be_read(source: str, expected: list[str]) -> None:
    nodes = [node for unit in checked(_file(source)).units for node in ir.walk(unit.node)]
    read = {shown(node) for node in nodes if isinstance(node, ir.Name | ir.Constant)}
    assert set(expected) <= read


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "+".join(f"a{i}" for i in range(5000)),
        "x = " + " and ".join("a" for _ in range(5000)),
        "x = " + "-".join(f"a{i}+b" for i in range(2000)),
        "x = " + "(" * 3000 + "1" + ")" * 3000,
        "x = " + "[" * 3000 + "]" * 3000,
        "x = " + "not " * 3000 + "y",
        "x = a" + ".b()" * 3000,
        "x = a" + "[0]" * 3000,
        "x = " + "lambda: " * 2000 + "0",
        "x = " + "a if b else " * 2000 + "c",
        "x = " + "a = " * 3000 + "1",
        "if a: b\n" + "elif c: d\n" * 3000,
        "match a:\n" + "    case 1: pass\n" * 3000,
        "".join(f"{' ' * i}if a:\n" for i in range(300)) + " " * 300 + "b\n",
        "".join(f"{' ' * i}class A:\n" for i in range(300)) + " " * 300 + "b\n",
        "(" * 3000,
        "f(" * 3000,
        "x = f'{" * 300,
        "def f(:\n" * 300,
        "class A:\n def f(:\n" * 100,
        "",
        "\x00",
        "\ufeffx = 1",
        "# only a comment",
    ],
    ids=lambda text: text[:20],
)
def test_no_size_or_depth_is_too_much(source: str) -> None:
    lowered = checked(_file(source))
    for unit in lowered.units:
        assert _depth(unit.node) <= 150


def _depth(node: ir.Node) -> int:
    deepest = 0
    stack = [(node, 1)]
    while stack:
        current, depth = stack.pop()
        deepest = max(deepest, depth)
        stack += [(child, depth + 1) for child in ir.children(current)]
    return deepest


def test_a_long_chain_keeps_its_operands() -> None:
    unit = checked(_file("x = " + " + ".join(f"a{i}" for i in range(500)))).units[0]
    assert isinstance(unit.node, ir.Assign)
    assert isinstance(unit.node.value, ir.Operator)
    assert len(unit.node.value.operands) == 500


def _file(source: str) -> File:
    return File("test.py", Language.PYTHON, source.encode())
