"""JavaScript and TypeScript, lowered to the ir."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_analyzers import ir
from backend_analyzers.source import Edit, File, Language
from backend_analyzers.syntax import module
from tests.syntax.render import checked, rendered, shown

CODE = [Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX]


def _file(source: str, language: Language = Language.TYPESCRIPT) -> File:
    return File("test", language, source.encode())


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # Operators and literals.
        ("a + b * 2;", "=(+ a (* b 2))"),
        ("a = b ?? -1;", "(Assign [a] (?? b (- 1)))"),
        ("x = a ? b : c;", "(Assign [x] (?: a b c))"),
        ("x += 1;", "(Assign [x] 1 operator=+)"),
        ("i++;", "=(++ i)"),
        ("f(typeof a, !b, a = 1, ...c);", "=(Call f [(typeof a) (! b) (= a 1) *c])"),
        ("f(0x1F, 1_000, 10n, 1.5, 017, .5e1);", "=(Call f [31 1000 10 1.5 15 5.0])"),
        ("f(99999999999999999999);", "=(Call f [1e+20])"),
        ("f(true, null, undefined);", "=(Call f [True None None])"),
        ("f(/a+/g);", "=(Call f [(Call RegExp [(Text ['a+']) (Text ['g'])] new)])"),
        ("((((a))));", "=a"),
        ("a, b;", "(Other [=a =b])"),
        # Strings.
        (r"f('a\x41\u{1F600}\uD83D\uDE00\n');", "=(Call f [(Text ['a' 'A' '😀' '😀' '\\n'])])"),
        ("f('a\\\nb', '\\uD800');", "=(Call f [(Text ['a' '' 'b']) (Text ['\ufffd'])])"),
        ("f(`a${b}\\n${c.d}`);", "=(Call f [(Text ['a' (Hole b) '\\n' (Hole c.d)])])"),
        ("sql`select ${a}`;", "=(Text ['select ' (Hole a)] sql)"),
        # Calls.
        ("a?.b?.[0]?.(c);", "=(Call (Index a.b 0) [c])"),
        ("new A.B(c);", "=(Call A.B [c] new)"),
        ("new A;", "=(Call A new)"),
        ("a /*1*/ . /*2*/ b /*3*/ (/*4*/ c);", "=(Call a.b [c])"),
        ("this.#x(super.y);", "=(Call this.#x [super.y])"),
        ("f(import.meta.url);", "=(Call f [import.meta.url])"),
        # Collections.
        (
            "x = {a, 'b': 1, [c]: 2, 3: d, ...e, f() {}, get g() {}};",
            (
                "(Assign [x] (Collection mapping [(Text ['a']):a (Text ['b']):1 c:2 (Text ['3']):d *e"
                " (Text ['f']):(Lambda (Function)) (Text ['g']):(Lambda (Function))]))"
            ),
        ),
        ("x = [a, , ...b];", "(Assign [x] (Collection list [a (Unknown) *b]))"),
        # Destructuring.
        (
            "const {a, b: {c}, d = 1, ...e} = f;",
            (
                "(Assign [(Collection mapping [(Text ['a']):a (Text ['b']):(Collection mapping"
                " [(Text ['c']):c]) (Text ['d']):(= d 1) *e])] f)"
            ),
        ),
        (
            "const [a, , b = 2, ...c] = d;",
            "(Assign [(Collection list [a (Unknown) (= b 2) *c])] d)",
        ),
        # Functions.
        ("f((a) => a.b);", "=(Call f [(Lambda (Function [(Parameter a)] [(Return a.b)]))])"),
        (
            "f(async a => { b() });",
            "=(Call f [(Lambda (Function [(Parameter a)] [=(Call b)] is_async))])",
        ),
        (
            "async function* f(a, {b}, c = 1, ...d) { yield a; yield* await b }",
            (
                "(Function f [(Parameter a) (Parameter pattern=(Collection mapping [(Text ['b']):b]))"
                " (Parameter c default=1) (Parameter d *)]"
                " [=(yield a) =(yield* (Await b))] is_async is_generator)"
            ),
        ),
        # Statements.
        (
            "if (a) b(); else if (c) {} else { d() }",
            "(Branch a [=(Call b)] orelse=[(Branch c orelse=[=(Call d)])])",
        ),
        (
            "switch (a) { case 1: case 2: b(); break; default: c() }",
            "(Branch (|| (case a 1) (case a 2)) [=(Call b)] orelse=[=(Call c)])",
        ),
        (
            "switch (f()) { case 1: a(); case 2: b() }",
            "(Branch (case (Call f) 1) [=(Call a)] orelse=[(Branch (case (Unknown) 2) [=(Call b)])])",
        ),
        ("for (const a of b) { break }", "(Loop each target=a iterable=b [(Jump break)])"),
        (
            "async function f() { for await (const a of b) {} }",
            "(Function f [(Loop each target=a iterable=b is_async)] is_async)",
        ),
        ("for (;;) { continue }", "(Loop while [(Jump continue)])"),
        (
            "{ for (let i = 0; i < n; i++) f(i); }",
            "(Other [(Assign [i] 0) (Loop while iterable=(< i n) [=(Call f [i]) =(++ i)])])",
        ),
        ("while (a) b();", "(Loop while iterable=a [=(Call b)])"),
        ("do { b() } while (a);", "(Loop while iterable=a [=(Call b)])"),
        (
            "try { a() } catch (e) { throw e } finally { b() }",
            "(Try [=(Call a)] handlers=[(Handler e [(Raise e)])] final=[=(Call b)])",
        ),
        ("try { a() } catch { }", "(Try [=(Call a)] handlers=[(Handler)])"),
        ("a: for (const x in y) { }", "(Loop each target=x iterable=y)"),
        # Imports.
        ("import 'a';", "(Import a)"),
        (
            "import a, {b, c as d} from 'm';",
            "(Import m [(Imported default alias=a) (Imported b alias=b) (Imported c alias=d)])",
        ),
        ("import * as a from 'm';", "(Import m [(Imported alias=a)])"),
        ("const a = require('m');", "(Import m [(Imported alias=a)])"),
        (
            "const {a, b: c} = require('m').d;",
            "(Import m [(Imported d.a alias=a) (Imported d.b alias=c)])",
        ),
        ("const a = require('m')(b);", "(Assign [a] (Call (Call require [(Text ['m'])]) [b]))"),
        ("require('m');", "(Import m)"),
        ("const {a} = await import('m');", "(Import m [(Imported a alias=a)])"),
        ("import('m').then(f);", "=(Call (Call import [(Text ['m'])]).then [f])"),
        # Exports.
        ("export const a = 1;", "(Assign [a] 1)"),
        ("export function f() {}", "(Function f)"),
        ("export default a;", "(Export default a)"),
        ("export default function f() {}", "(Export default f)\n(Function f)"),
        ("export default class A {}", "(Export default A)\n(Class A)"),
        ("export {a, b as c};", "(Other [(Export a a) (Export c b)])"),
        ("export {a} from 'm';", "(Export a a m)"),
        ("export * from 'm';", "(Export * m)"),
        ("module.exports = {a};", "(Export = (Collection mapping [(Text ['a']):a]))"),
        ("exports.a = module.exports.b = c;", "(Other [(Export a c) (Export b (Unknown))])"),
        (
            "var a = exports = module.exports = {};",
            "(Other [(Assign [a] (Collection mapping)) (Export = a)])",
        ),
        ("module.exports = class A { f() {} };", "(Export = A)\n(Class A)\n(Function f)"),
        # Classes.
        (
            "class A extends B { static a = 1; #b; c = async (d) => d; static { e() } get f() {} }",
            (
                "(Class A bases=[B])\n(Assign [a] 1)\n(Assign [#b])\n"
                "(Function c [(Parameter d)] [(Return d)] is_async)\n(Other [=(Call e)])\n(Function f)"
            ),
        ),
        ("const A = class { f() {} };", "(Class A [(Function f)])"),
        ("f(class extends B { g() {} });", "=(Call f [(Unknown [B (Lambda (Function g))])])"),
    ],
)
def test_lowers(language: Language, source: str, expected: str) -> None:
    assert rendered(source, language) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "const a: Promise<B | null> = c as D;",
            "(Assign [a] c annotation=(Index Promise (| B None)))",
        ),
        (
            "let a: Map<string, b.C[]>;",
            "(Assign [a] annotation=(Index Map (Collection tuple [string (Index Array b.C)])))",
        ),
        ("f(a!, <b>(c), d satisfies E);", "=(Call f [a c d])"),
        (
            "let a: {b: string};",
            "(Assign [a] annotation=(Collection mapping [(Text ['b']):string]))",
        ),
        ("function f(this: X, a?: B): C {}", "(Function f [(Parameter a annotation=B)] returns=C)"),
        ("import type {A} from 'm';", "(Import m [(Imported A alias=A)])"),
        ("import a = require('m');", "(Import m [(Imported alias=a)])"),
        ("export = a;", "(Export = a)"),
        ("export type {A} from 'm';", "(Export A A m)"),
        ("interface A { b: string }", "(Other [(Collection mapping [(Text ['b']):string])])"),
        ("enum A { B = 1, C }", "(Other [1])"),
        ("namespace A { f() }", "(Other [=(Call f)])"),
        ("declare const a: B;", "(Other [(Assign [a] annotation=B)])"),
        ("const a = f<B>(c);", "(Assign [a] (Call f [c]))"),
        (
            (
                "@A() export class B extends C<D> implements E {"
                " constructor(private readonly f: F) { super() } @G() h: I; @J('k') l(@M() n: O) {}"
                " abstract p(): void }"
            ),
            (
                "(Class B bases=[(Index C D) implements=E] decorators=[(Call A)])\n"
                "(Function constructor [(Parameter f annotation=F)]"
                " [(Assign [this.f] f annotation=F) =(Call super)])\n"
                "(Other [(Call G)] [(Assign [h] annotation=I)])\n"
                "(Function l [(Parameter n annotation=O)] decorators=[(Call J [(Text ['k'])])])\n"
                "(Other)"
            ),
        ),
    ],
)
def test_lowers_what_only_typescript_has(source: str, expected: str) -> None:
    assert rendered(source, Language.TYPESCRIPT) == expected


def test_keeps_the_expressions_inside_jsx() -> None:
    source = "const a = <B c={d} e='f'><g>{h(i)} text</g></B>;"
    expected = "(Assign [a] (Unknown [d (Text ['f']) (Call h [i])]))"
    assert rendered(source, Language.TSX) == expected
    assert rendered(source, Language.JAVASCRIPT) == expected


def test_names_the_units() -> None:
    file = _file(
        "import x from 'y';\n"
        "const f = () => 1;\n"
        "export default class A { b() {} get c() {} set c(v) {} }\n"
        "exports.d = e;\n"
        "G.prototype.h = function () {};\n"
        "interface I {}\n"
        "function j() {}\n"
    )
    keys = [unit.key for unit in checked(file).units]
    assert keys[0].startswith("#")
    assert keys[1:] == [
        *("f", "export default", "A", "A.b", "A.c", "A.c~2", "d", "G.prototype.h", "I", "j")
    ]
    assert {unit.owner for unit in module(file).units if unit.key.startswith("A.")} == {"A"}


# Broken text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("function f() {\n  a(;\n  b();\n}\nfunction g() {}\n", ["f", "g"]),
        ("function f() {\n  if (a) {\n\nfunction g() {}\n", ["f", "g"]),
        ("function f() {\n  a(`x ${\n}\n\nfunction g() {}\n", ["f", "g"]),
        (
            "class A {\n  m() {\n    if (a) {\n      b();\n  }\n  n() {\n    c();\n  }\n}\n",
            ["A", "A.m", "A.n"],
        ),
        (
            "class A {\n  m() {\n    a.\n  }\n  n() {\n    c(\n  }\n}\nclass B {\n  o() {}\n}\n",
            ["A", "A.m", "A.n", "B", "B.o"],
        ),
        ("const a = b(\n\nfunction f() {}\nconst b = 1;\n", ["a", "f", "b"]),
    ],
)
def test_a_broken_line_hides_nothing_else(language: Language, source: str, keys: list[str]) -> None:
    assert [unit.key for unit in checked(_file(source, language)).units] == keys


def test_a_broken_line_leaves_its_function_whole() -> None:
    source = (
        "app.get('/x', async (req, res) => {\n"
        "  const rows = await db.query(req.query.q);\n"
        "  res.json(rows.\n"
        "});\n"
        "app.get('/y', (req, res) => { z() });\n"
    )
    first = checked(_file(source)).units[0].node
    assert shown(first) == (
        "=(Call app.get [(Text ['/x']) (Lambda (Function [(Parameter req) (Parameter res)]"
        " [(Assign [rows] (Await (Call db.query [req.query.q])))] is_async))])"
    )


_DEEP = {
    "sum": "x = " + "+".join(["a"] * 5000),
    "mixed": "x = " + "a+b-" * 2500 + "c",
    "parentheses": "x = " + "(" * 3000 + "a" + ")" * 3000,
    "arrays": "x = " + "[" * 3000 + "]" * 3000,
    "objects": "x = " + "{a:" * 3000 + "1" + "}" * 3000,
    "links": "x" + ".then(y => z(y))" * 2000,
    "calls": "f(" * 3000 + ")" * 3000,
    "conditions": "x = " + "a ? b : " * 3000 + "c",
    "else": "if (a) {b()}" + " else if (a) {b()}" * 1000,
    "cases": "switch (a) {" + "case 1: f();" * 1000 + "}",
    "blocks": "{" * 2000 + "}" * 2000,
    "functions": "function f(){" * 1000 + "}" * 1000,
    "arrows": "x = " + "a=>{ f(" * 500 + "b" + ")}" * 500,
    "classes": "class A { x = " * 300 + "1" + "}" * 300,
    "templates": "x = " + "`${" * 500 + "a" + "}`" * 500,
    "labels": "a:" * 2000 + "b()",
    "types": "let x: " + "A<" * 500 + "B" + ">" * 500,
    "open": "if (a) {" * 500,
    "brackets": "(" * 2000 + "{[" * 500,
}


@pytest.mark.parametrize("name", _DEEP)
def test_no_depth_of_nesting_is_too_deep(name: str) -> None:
    lowered = checked(_file(_DEEP[name]))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(lowered), type=ir.Module)
    assert again == lowered


def test_nothing_of_a_long_chain_is_lost() -> None:
    unit = checked(_file("x" + ".a(() => b())" * 500)).units[0]
    calls = [node for node in ir.walk(unit.node) if shown(node) == "(Call b)"]
    assert len(calls) == 500


SAMPLE = """\
import express, { Router as R } from 'express';
const { Pool } = require('pg');
@Controller('é')
export class Orders extends Base<Order> {
  constructor(private readonly db: Pool) {}
  @Get(':id') async find(@Param('id') id: string): Promise<Order> {
    const { rows } = await this.db.query(`SELECT * FROM orders WHERE id = ${id}\\n`);
    if (rows.length) { return rows[0]?.x; } else throw new Error("né");
  }
}
export const router = R();
router.get('/x', async (req, res) => {
  for (const a of req.body.items) {
    switch (a) { case 1: await f(a); break; default: continue; }
  }
  res.json({ a, b: [1, , ...c], d() { return /x+/g } });
});
export default function last(a = 1, ...b) { return <any>a ? (b as c)! : d => d; }
"""


@given(st.data())
def test_no_text_fails(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(CODE))
    file = _file(SAMPLE, language)
    module(file)
    for _ in range(data.draw(st.integers(1, 3))):
        size = len(file.source(0, len(file.text)))
        start = data.draw(st.integers(0, size))
        end = data.draw(st.integers(start, min(size, start + 60)))
        text = data.draw(st.text(alphabet="(){}[]<>`'\"${;:.,=>@#/*\\ \né0aclsforx", max_size=6))
        file = file.edited((_edit(file, start, end, text),))
        checked_loosely(file)


def _edit(file: File, start: int, end: int, text: str) -> Edit:
    """An edit between characters, in bytes."""
    whole = file.text.decode()
    return Edit(len(whole[:start].encode()), len(whole[:end].encode()), text.encode())


def checked_loosely(file: File) -> None:
    """Spans lie in their unit and units in the file; blanked lines need not spell what they hold."""
    lowered = module(file)
    for unit, offset in zip(lowered.units, lowered.offsets, strict=True):
        assert unit.node.start == 0
        assert offset + unit.node.end <= len(file.text)
        for node in ir.walk(unit.node):
            assert 0 <= node.start <= node.end <= unit.node.end, node


def test_an_edit_keeps_the_units_around_it() -> None:
    before = _file(SAMPLE)
    old = {unit.key: unit for unit in module(before).units}
    at = before.text.index(b"rows.length")
    after = before.edited((Edit(at, at, b"!!"), Edit(0, 0, b"// above\n")))
    new = {unit.key: unit for unit in module(after).units}
    assert [key for key in new if old.get(key) is not new[key]] == ["Orders.find"]
    assert module(after) == module(_file(after.text.decode()))


def test_a_broken_function_keeps_the_others() -> None:
    before = _file(SAMPLE)
    old = {unit.key: unit for unit in module(before).units}
    at = before.text.index(b"if (rows")
    after = before.edited((Edit(at, at, b"foo(;\n    "),))
    new = {unit.key: unit for unit in module(after).units}
    assert old.keys() == new.keys()
    assert [key for key in new if old[key] != new[key]] == ["Orders.find"]
