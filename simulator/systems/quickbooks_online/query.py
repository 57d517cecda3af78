"""The query language: a lexer and a parser that give back a `Select`, or the vendor's 4000 / 4001."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from simulator.systems.quickbooks_online.answers import Refused, refuse

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
KEYWORDS = frozenset(
    {"select", "from", "where", "and", "in", "like", "orderby", "order", "by", "asc", "desc", "startposition"}
    | {"maxresults", "count", "true", "false", "or"}
)
_TOKEN = re.compile(r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<op><=|>=|[=<>(),*]))")

Op = Literal["=", "<", ">", "<=", ">=", "IN", "LIKE"]
Value = str | Decimal | bool


@dataclass(frozen=True, slots=True)
class Token:
    kind: Literal["number", "word", "op", "string", "end"]
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Condition:
    prop: str
    op: Op
    values: tuple[Value, ...]


@dataclass(slots=True)
class Select:
    entity: str
    counts: bool = False
    columns: list[str] = field(default_factory=list)  # empty: *
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)  # property, descending
    start: int = 1
    most: int = DEFAULT_PAGE


def invalid(detail: str) -> Refused:
    return refuse("4001", f"QueryValidationError: {detail}", mistake=f"invalid query: {detail}")


def parse(statement: str) -> Select:
    return _Parser(_tokens(statement)).select()


def _unreadable(detail: str) -> Refused:
    return refuse(
        "4000", f"QueryParserError: {detail}", mistake=f"query that cannot be parsed: {detail.splitlines()[0]}"
    )


def _tokens(statement: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while statement[at:].strip():
        found = _TOKEN.match(statement, at)
        if found is not None and found.lastgroup is not None:
            kind = found.lastgroup
            start = found.start(kind)
            tokens.append(Token(kind, found.group(kind), start + 1))  # type: ignore[arg-type]  # the group's name
            at = found.end()
            continue
        at += len(statement[at:]) - len(statement[at:].lstrip())
        if statement[at] != "'":
            raise _lexical(statement, at)
        text, end = _string(statement, at)
        tokens.append(Token("string", text, at + 1))
        at = end
    tokens.append(Token("end", "<EOF>", len(statement) + 1))
    return tokens


def _string(statement: str, at: int) -> tuple[str, int]:
    """A quoted literal; a backslash takes the next character as it is, a doubled quote does not."""
    text: list[str] = []
    i = at + 1
    while i < len(statement):
        character = statement[i]
        if character == "'":
            return "".join(text), i + 1
        if character == "\\" and i + 1 < len(statement):
            i += 1
            character = statement[i]
        if ord(character) > 127 and unicodedata.category(character).startswith("P"):
            raise _lexical(statement, i)
        text.append(character)
        i += 1
    raise _lexical(statement, len(statement) - 1)


def _lexical(statement: str, at: int) -> Refused:
    character = statement[at]
    seen = f'"{character}" ({ord(character)})'
    return _unreadable(f'Lexical error at line 1, column {at + 1}.  Encountered: {seen}, after : "{statement[:at]}"')


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def select(self) -> Select:
        self._keyword("select")
        counts, columns = self._columns()
        self._keyword("from")
        select = Select(entity=self._name(), counts=counts, columns=columns)
        if self._accept("where"):
            select.conditions.append(self._condition())
            while self._accept("and"):
                select.conditions.append(self._condition())
        if self._accept("orderby"):
            self._order(select)
        elif self._accept("order"):
            self._keyword("by")
            self._order(select)
        self._page(select)
        if self._now.kind != "end":
            raise self._unexpected()
        return select

    def _columns(self) -> tuple[bool, list[str]]:
        if self._accept("*"):
            return False, []
        if self._accept("count"):
            for expected in "(*)":
                self._symbol(expected)
            return True, []
        columns = [self._name()]
        while self._accept(","):
            columns.append(self._name())
        return False, columns

    def _condition(self) -> Condition:
        prop = self._name()
        token = self._next()
        op = token.text.upper()
        if op == "IN":
            self._symbol("(")
            values = [self._value()]
            while self._accept(","):
                values.append(self._value())
            self._symbol(")")
            return Condition(prop, "IN", tuple(values))
        if op not in ("=", "<", ">", "<=", ">=", "LIKE"):
            self._at -= 1
            raise self._unexpected()
        return Condition(prop, op, (self._value(),))  # type: ignore[arg-type]  # one of Op, checked above

    def _value(self) -> Value:
        token = self._next()
        if token.kind == "string":
            return token.text
        if token.kind == "number":
            return Decimal(token.text)
        if token.kind == "word" and token.text.lower() in ("true", "false"):
            return token.text.lower() == "true"
        self._at -= 1
        raise self._unexpected()

    def _order(self, select: Select) -> None:
        while True:
            prop = self._name()
            descending = self._accept("desc")
            if not descending:
                self._accept("asc")
            select.order.append((prop, descending))
            if not self._accept(","):
                return

    def _page(self, select: Select) -> None:
        while True:
            if self._accept("startposition"):
                select.start = self._whole()
                if select.start < 1:
                    raise invalid(f"value {select.start} is too small. Min allowed value is 1")
            elif self._accept("maxresults"):
                select.most = self._whole()
                if select.most < 1:
                    raise invalid(f"value {select.most} is too small. Min allowed value is 1")
                if select.most > LARGEST_PAGE:
                    raise invalid(f"value {select.most} is too large. Max allowed value is {LARGEST_PAGE}")
            else:
                return

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._now
        self._at += token.kind != "end"
        return token

    def _accept(self, word: str) -> bool:
        if self._now.kind in ("word", "op") and self._now.text.lower() == word:
            self._at += 1
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected(word)

    _symbol = _keyword

    def _name(self) -> str:
        token = self._now
        if token.kind != "word" or token.text.lower() in KEYWORDS:
            raise self._unexpected("<IDENTIFIER>")
        return self._next().text

    def _whole(self) -> int:
        token = self._now
        if token.kind != "number" or "." in token.text:
            raise self._unexpected("<INTEGER>")
        return int(self._next().text)

    def _unexpected(self, expected: str = "<EOF>") -> Refused:
        token = self._now
        kind = {"word": "<IDENTIFIER>", "string": "<STRING>", "number": "<NUMBER>"}.get(token.kind, "")
        seen = f'" {kind} "{token.text} ""' if kind else f'"{token.text}"'
        return _unreadable(
            f"Encountered {seen} at line 1, column {token.column}.\nWas expecting one of:\n    {expected}\n    "
        )
