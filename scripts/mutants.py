"""Small faults for Python code: what `mutation.py` puts into a copy, one at a time.

Each mutant changes one place of one module: a comparison, an arithmetic or logical operator, a
number or a truth value, a condition, a returned value, a statement that raises or only calls, or
one of two paired functions such as `min` and `max`. Left alone are docstrings, messages (strings,
f-strings and what is raised), annotations, decorators, imports, assertions for the type checker
and `zip(strict=True)`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

COMPARISONS: Final = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.In: (r"in\b", ("not in",)),
    ast.NotIn: (r"not\s+in\b", ("in",)),
    ast.Is: (r"is\b", ("is not",)),
    ast.IsNot: (r"is\s+not\b", ("is",)),
}
"""Each comparison: how it is written, and what takes its place."""
ARITHMETIC: Final = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
}
PAIRED: Final = (
    ("min", "max"),
    ("any", "all"),
    ("floor", "ceil"),
    ("minimum", "maximum"),
    ("argmin", "argmax"),
    ("expm1", "exp"),
    ("log1p", "log"),
)
_PAIRS: Final = {a: b for one, other in PAIRED for a, b in ((one, other), (other, one))}
LEFT_ALONE: Final = frozenset({"strict", "maxsize"})
"""Keyword arguments that change no result."""


class Mutant(NamedTuple):
    """One fault: where it is, what the line said and says, and the module's text with it."""

    key: str
    within: str
    lines: range
    text: str


class _Edit(NamedTuple):
    start: int
    end: int
    now: bytes
    within: str
    lines: range


def mutants(module: str, text: str) -> list[Mutant]:
    """Every mutant of a module.

    The key of a mutant is `module::function::line -> changed line`, with `#2` where the same line
    occurs again in the function: it holds when other lines of the module move.
    """
    source = text.encode("utf-8")
    seen: dict[str, int] = {}
    found: list[Mutant] = []
    whole = ast.dump(ast.parse(text))
    for edit in sorted(set(_Edits(source).of(ast.parse(text)))):
        changed = source[: edit.start] + edit.now + source[edit.end :]
        try:
            if ast.dump(ast.parse(changed)) == whole:
                continue
        except SyntaxError:
            continue
        was, now = _lines(source, edit.start, edit.end), _lines(
            changed, edit.start, edit.start + len(edit.now)
        )  # fmt: skip
        key = f"{module}::{edit.within}::{was} -> {now}"
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            key += f" #{seen[key]}"
        found.append(Mutant(key, edit.within, edit.lines, changed.decode("utf-8")))
    return found


def _lines(source: bytes, start: int, end: int) -> str:
    """The lines of an edit, as one."""
    first = source.rfind(b"\n", 0, start) + 1
    last = source.find(b"\n", end)
    return " ".join(source[first : last if last >= 0 else None].decode("utf-8").split())


class _Edits:
    """Walks a module and yields its edits, each with the function and the statement it is in."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.offsets = [0]
        for line in source.splitlines(keepends=True):
            self.offsets.append(self.offsets[-1] + len(line))
        self.within = ""
        self.lines = range(0)

    def of(self, node: ast.AST) -> Iterator[_Edit]:
        """The edits in a node."""
        if isinstance(node, ast.stmt):
            self.lines = range(node.lineno, _header_end(node) + 1)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from self._definition(node)
            return
        if _is_left_alone(node):
            return
        yield from self._here(node)
        for child in _children(node):
            lines = self.lines
            yield from self.of(child)
            self.lines = lines

    def _definition(self, node: ast.FunctionDef | ast.ClassDef) -> Iterator[_Edit]:
        if isinstance(node, ast.FunctionDef):
            self.lines = range(0)  # defaults are made when the module is read
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    yield from self.of(default)
        outer = self.within
        self.within = f"{outer}.{node.name}" if outer else node.name
        for statement in node.body:
            yield from self.of(statement)
        self.within = outer

    def _here(self, node: ast.AST) -> Iterator[_Edit]:
        match node:
            case ast.Compare():
                left = node.left
                for operator, right in zip(node.ops, node.comparators, strict=True):
                    written, others = COMPARISONS[type(operator)]
                    for other in others:
                        yield from self._between(left, right, written, other)
                    left = right
            case ast.BinOp() if not (_is_text(node.left) or _is_text(node.right)):
                if type(node.op) in ARITHMETIC:
                    written, other = ARITHMETIC[type(node.op)]
                    yield from self._between(node.left, node.right, re.escape(written), other)
            case ast.AugAssign() if type(node.op) in ARITHMETIC:
                written, other = (f"{sign}=" for sign in ARITHMETIC[type(node.op)])
                yield from self._between(node.target, node.value, re.escape(written), other)
            case ast.BoolOp():
                written, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                for left, right in zip(node.values, node.values[1:], strict=False):
                    yield from self._between(left, right, written, other)
            case ast.UnaryOp():
                yield self._replace(node, self._text(node.operand))
            case ast.Constant(value=bool()):
                yield self._replace(node, str(not node.value))
            case ast.Subscript(slice=ast.Constant(value=0) as index):
                # Not to -1: a column of one has the same element there.
                yield self._replace(index, "1")
            case ast.Constant(value=int() | float() as number):
                yield self._replace(node, repr(number + 1))
                yield self._replace(node, f"({number - 1!r})")
            case ast.If() | ast.While() | ast.IfExp():
                yield from self._negated(node.test)
            case ast.comprehension():
                for test in node.ifs:
                    yield from self._negated(test)
            case ast.Return() if node.value is not None:
                yield self._replace(node.value, "None")
            case ast.Expr(value=ast.Call()) | ast.Raise():
                yield self._replace(node, "pass")
            case ast.Break() | ast.Continue():
                yield self._replace(node, "break" if isinstance(node, ast.Continue) else "continue")
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _PAIRS:
                end = self._end(node.func)
                yield self._edit(end - len(name), end, _PAIRS[name])

    def _negated(self, test: ast.expr) -> Iterator[_Edit]:
        """Unless a changed operator already says the opposite."""
        single = isinstance(test, ast.Compare) and len(test.ops) == 1
        if not single and not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):
            yield self._replace(test, f"(not ({self._text(test)}))")

    def _between(self, left: ast.expr, right: ast.expr, written: str, now: str) -> Iterator[_Edit]:
        """The operator between two operands: no name, no string and no digit is there."""
        first, last = self._end(left), self._start(right)
        gap = re.sub(rb"#[^\n]*", lambda found: b" " * len(found[0]), self.source[first:last])
        found = re.search(written.encode(), gap)
        if found is not None:
            yield self._edit(first + found.start(), first + found.end(), now)

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self.offsets[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offsets[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr) -> str:
        return self.source[self._start(node) : self._end(node)].decode("utf-8")

    def _replace(self, node: ast.expr | ast.stmt, now: str) -> _Edit:
        return self._edit(self._start(node), self._end(node), now)

    def _edit(self, start: int, end: int, now: str) -> _Edit:
        return _Edit(start, end, now.encode("utf-8"), self.within, self.lines)


def _header_end(node: ast.stmt) -> int:
    """The last line of a statement, without the statements inside it."""
    body = getattr(node, "body", None)
    inside = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno
    return max(node.lineno, inside or node.lineno)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.keyword(arg=name):
            return name in LEFT_ALONE
    return False


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What is inside a node and may be changed."""
    if isinstance(node, ast.Raise):
        return
    for child in ast.iter_child_nodes(node):
        annotation = isinstance(node, ast.AnnAssign) and child is node.annotation
        first = isinstance(child, ast.Constant) and child.value == 0
        if not annotation and not (isinstance(node, ast.Subscript) and first):
            yield child
