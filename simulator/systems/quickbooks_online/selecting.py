"""Running a parsed query over a company's objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from simulator.systems.quickbooks_online.company import Body, Company, Stored, normal_name
from simulator.systems.quickbooks_online.entities import ENTITIES, Entity
from simulator.systems.quickbooks_online.fields import as_decimal
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.query import Condition, Select, invalid, parse
from simulator.systems.quickbooks_online.times import has_offset, instant

ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}


@dataclass(frozen=True, slots=True)
class Row:
    """One object as the query sees it."""

    body: Body
    created: int
    updated: int


Test = Callable[[Row], bool]


class Query:
    def __init__(self, company: Company, options: Options, now: datetime, unseen: frozenset[tuple[str, str]]) -> None:
        self.company = company
        self.options = options
        self.now = now
        self.unseen = unseen
        self.warnings: list[str] = []

    def run(self, statement: str) -> dict[str, Any]:
        """The content of `QueryResponse`."""
        select = parse(statement)
        entity = ENTITIES.get(select.entity)
        if entity is None:
            raise invalid(f"Invalid context declaration: {select.entity}")
        self._check_columns(entity, select)
        tests = [self._test(entity, c) for c in select.conditions]
        if entity.hides_inactive and not any(c.prop == "Active" for c in select.conditions):
            tests.append(lambda row: bool(row.body["Active"]))
        rows = [row for row in self._rows(entity, select) if all(test(row) for test in tests)]
        if select.counts:
            return {"totalCount": len(rows)}
        for prop, descending in reversed(select.order):
            rows.sort(key=self._sort_key(entity, prop), reverse=descending)
        page = rows[select.start - 1 : select.start - 1 + select.most]
        if not page:
            return {}
        bodies = [self._shown(row.body) for row in page]
        return {entity.name: bodies, "startPosition": select.start, "maxResults": len(bodies)}

    def _check_columns(self, entity: Entity, select: Select) -> None:
        if select.columns:
            self.warnings.append("a query with a field list: projections are not supported, all fields come back")
        for column in select.columns:
            if entity.queried(column) == "unknown":
                raise invalid(f"Property {column} not found for Entity {entity.name}")

    def _rows(self, entity: Entity, select: Select) -> Iterable[Row]:
        horizon = self.now.timestamp() - self.options.list_lag
        for stored in self._candidates(entity, select):
            if (entity.name, stored.body["Id"]) in self.unseen:
                continue
            if self.options.list_lag <= 0 or stored.written_at <= horizon:
                yield Row(stored.body, stored.created, stored.updated)
                continue
            for written_at, updated, body in reversed(stored.earlier):
                if written_at <= horizon:
                    yield Row(body, stored.created, updated)
                    break

    def _candidates(self, entity: Entity, select: Select) -> Iterable[Stored]:
        """A superset of what the query finds, by the narrowest index among its conditions."""
        objects = self.company.objects[entity.name]
        found: Collection[str] = objects
        for condition in select.conditions:
            if condition.op in ("=", "IN") and all(isinstance(v, str) for v in condition.values):
                ids = self._indexed(entity, condition.prop, [str(v) for v in condition.values])
                found = ids if ids is not None and len(ids) < len(found) else found
        return [objects[id] for id in found if id in objects]

    def _indexed(self, entity: Entity, prop: str, values: list[str]) -> Collection[str] | None:
        if prop == "Id":
            return dict.fromkeys(values)
        if self.options.list_lag > 0:
            return None  # the other indexes know the latest versions only
        if entity.family == "transaction" and prop in ("VendorRef", "DocNumber"):
            index = self.company.by_vendor if prop == "VendorRef" else self.company.by_number
            sets = [index.get((entity.name, v), {}) for v in values]
            return sets[0] if len(sets) == 1 else {id: None for each in sets for id in each}
        if entity.family == "name" and prop == "DisplayName":
            keys = [key for v in values for key in self.company.by_name.get(normal_name(v), ())]
            return {id: None for name, id in keys if name == entity.name}
        return None

    def _shown(self, body: Body) -> Body:
        token = int(body["SyncToken"])
        if self.options.stale_query_sync_tokens and token > 0:
            return {**body, "SyncToken": str(token - 1)}
        return body

    def _test(self, entity: Entity, condition: Condition) -> Test:
        prop, op = condition.prop, condition.op
        kind = entity.queried(prop)
        if kind == "unknown":
            raise invalid(f"Property {prop} not found for Entity {entity.name}")
        if kind == "none":
            raise invalid(f"property '{prop}' is not queryable")
        if op == "LIKE":
            if kind != "text" or not isinstance(condition.values[0], str):
                raise invalid(f"LIKE is not supported on property {prop}")
            pattern = _like(condition.values[0])
            return lambda row: pattern.fullmatch(str(row.body.get(prop, ""))) is not None
        values = tuple(self._value(prop, kind, v) for v in condition.values)
        read = self._reader(prop, kind)
        if op == "=":
            wanted = values[0]
            return lambda row: read(row) == wanted
        if op == "IN":
            return lambda row: read(row) in values
        if kind in ("ref", "flag", "id"):
            raise invalid(f"operator {op} is not supported on property {prop}")
        compare, bound = ORDERS[op], values[0]

        def ordered(row: Row) -> bool:
            value = read(row)
            return value is not None and compare(value, bound)

        return ordered

    def _value(self, prop: str, kind: str, value: Any) -> Any:
        """A literal in the form the property is compared in."""
        if kind == "flag":
            flag = {"true": True, "false": False}.get(str(value).lower())
            if flag is None:
                raise invalid(f"value {value} is not valid for property {prop}")
            return flag
        if kind == "number":
            number = as_decimal(value)
            if number is None:
                raise invalid(f"value {value} is not valid for property {prop}")
            return number
        if kind == "time":
            if not has_offset(str(value)):
                self.warnings.append(f"{prop} is compared without an explicit offset: {value}")
            return self._moment(prop, value)
        if kind == "date":
            self._moment(prop, value)
        return str(value)

    def _moment(self, prop: str, value: Any) -> float:
        try:
            return instant(str(value))
        except ValueError:
            raise invalid(f"value {value} is not a valid date for property {prop}") from None

    @staticmethod
    def _reader(prop: str, kind: str) -> Callable[[Row], Any]:
        if kind == "time":
            return (lambda row: row.created) if prop.endswith("CreateTime") else (lambda row: row.updated)
        if kind == "ref":
            return lambda row: row.body.get(prop, {}).get("value")
        if kind == "number":
            return lambda row: None if prop not in row.body else Decimal(str(row.body[prop]))
        return lambda row: row.body.get(prop)

    def _sort_key(self, entity: Entity, prop: str) -> Callable[[Row], Any]:
        kind = entity.queried(prop)
        if kind == "unknown":
            raise invalid(f"Property {prop} not found for Entity {entity.name}")
        if kind in ("id", "none"):
            raise invalid(f"property '{prop}' is not sortable")
        read = self._reader(prop, kind)

        def key(row: Row) -> tuple[bool, Any]:
            value = read(row)
            return (value is not None, 0 if value is None else value)

        return key


def _like(pattern: str) -> re.Pattern[str]:
    """Each part between two wildcards is taken where it first stands, so that many wildcards cost no more than few."""
    first, *inner = (re.escape(part) for part in pattern.split("%"))
    if not inner:
        return re.compile(first, re.DOTALL)
    between = "".join(f"(?>.*?{part})" for part in inner[:-1])
    return re.compile(f"{first}{between}.*{inner[-1]}", re.DOTALL)
