"""Every field that we read of QuickBooks Online, spoilt in every way: read as it is, or refused by its name.

The fields are found by walking the models themselves, so that a field or model that is added is covered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from werkzeug.wrappers import Response

from chalicelib.engine.errors import ConnectorError, TryAgain, Unknown
from chalicelib.engine.records import Current, Done
from chalicelib.systems.quickbooks_online import models
from chalicelib.systems.quickbooks_online.models import Shape, Unfit, fit
from tests.unit.systems.quickbooks_online_desk import REALM, Peer, a_bill, a_vendor, careful, desk, intent, said

TOPS = ("Vendor", "Bill", "Entry", "Preferences", "CompanyInfo")
MISSING = "@@missing@@"
VALUES: tuple[object, ...] = (
    MISSING, None, 17, -17.5, "@@1e400@@", float("nan"), "words", "", "-60.00", "x" * 100_000, "\ud83d", True, False,
    [3], [], [{}] * 1000, {"id": "x"}, {}, {"value": ["x"]}, "0000-00-00",
)  # fmt: skip


def places(shape: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in shape.model_fields.items():
        here = f"{path}.{name}" if path else name
        yield here
        inner = _shape_in(field.annotation)
        if inner is not None:
            yield from places(inner, f"{here}.0" if "list[" in str(field.annotation) else here)


def _shape_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_shape_in, get_args(annotation)) if found), None)


def sound(shape: type[BaseModel]) -> dict[str, Any]:
    """A whole object of the shape, every field filled in."""
    whole: dict[str, Any] = {}
    for name, field in shape.model_fields.items():
        inner = _shape_in(field.annotation)
        if inner is not None:
            whole[name] = [sound(inner)] if "list[" in str(field.annotation) else sound(inner)
        else:
            kind = str(field.annotation)
            whole[name] = 60 if "Decimal" in kind else True if "bool" in kind else "7"
    return whole


def spoilt(shape: type[BaseModel], place: str, value: object) -> dict[str, Any]:
    whole = sound(shape)
    inside: Any = whole
    *way, last = place.split(".")
    for step in way:
        inside = inside[int(step)] if isinstance(inside, list) else inside[step]
    if value == MISSING:
        del inside[last]
    else:
        inside[last] = value
    return whole


def as_it_comes(body: object) -> Response:
    """NaN and numbers that are too large too, which are sent though they are no JSON."""
    return Response(json.dumps(body).replace('"@@1e400@@"', "1e400"), mimetype="application/json")


CASES = [(name, place) for name in TOPS for place in places(getattr(models, name))]


def test_every_model_is_walked() -> None:
    inner = {name for name, found in vars(models).items() if isinstance(found, type) and issubclass(found, Shape)}
    reached = {type(fit(getattr(models, name), sound(getattr(models, name)))).__name__ for name in TOPS}
    fields = " ".join(str(field.annotation) for name in inner for field in getattr(models, name).model_fields.values())
    assert {name for name in inner - reached - {"Shape"} if f"models.{name}" not in fields} == set()
    assert len(CASES) > 60


@pytest.mark.parametrize(("name", "place"), CASES)
def test_a_spoilt_field_is_read_or_refused_by_its_name_and_never_by_its_contents(name: str, place: str) -> None:
    for value in VALUES:
        raw = spoilt(getattr(models, name), place, Decimal("1e400") if value == "@@1e400@@" else value)
        try:
            fit(getattr(models, name), raw)
        except Unfit as unfit:
            assert place in unfit.fields or unfit.fields.startswith(place.rsplit(".", 1)[0]), (place, unfit.fields)
            assert "x" * 100 not in str(unfit)


def outcome_of(read: Any) -> object:
    try:
        return read()
    except ConnectorError as trouble:
        careful(trouble)
        return trouble


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize(("kind", "name"), [("vendor", "Vendor"), ("bill", "Bill"), ("purchase_order", "Bill")])
def test_a_spoilt_answer_to_a_read_look_or_write_never_crashes_and_never_passes_for_done_unread(
    kind: str, name: str, value: object
) -> None:
    entity = {"vendor": "Vendor", "bill": "Bill", "purchase_order": "PurchaseOrder"}[kind]
    wanted = intent(a_vendor() if kind == "vendor" else a_bill())
    shape = getattr(models, name)
    for place in places(shape):
        raw = spoilt(shape, place, value)
        peer = Peer()
        peer.say("GET 7", as_it_comes({entity: raw}))
        peer.say("GET query", as_it_comes({"QueryResponse": {entity: [raw], "Vendor": [raw], "Bill": [raw]}}))
        peer.say(f"POST {wanted.kind}", as_it_comes({wanted.kind.capitalize(): raw}))
        target = desk(peer).target
        assert isinstance(outcome_of(lambda t=target: t.read(kind, "7")), Current | TryAgain | None), place
        assert isinstance(outcome_of(lambda t=target: t.look([wanted])), list | TryAgain), place
        (done,) = target.perform([wanted])
        assert isinstance(done, Done | Unknown), (place, done)
        if isinstance(done, Unknown):
            careful(done)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:20])
def test_a_spoilt_list_or_setting_is_read_or_asked_for_again(value: object) -> None:
    for kind, entity, shape in (
        ("vendor", "Vendor", models.Vendor),
        ("account", "Account", models.Entry),
        ("class", "Class", models.Entry),
    ):
        for place in places(shape):
            peer = Peer()
            rows = [sound(shape), {**spoilt(shape, place, value)}]
            peer.say("GET query", as_it_comes({"QueryResponse": {entity: rows}}))
            target = desk(peer).target
            assert isinstance(outcome_of(lambda t=target, k=kind: t.references(k)), list | TryAgain), place
    for place in places(models.Preferences):
        peer = Peer()
        peer.say("GET preferences", as_it_comes({"Preferences": spoilt(models.Preferences, place, value)}))
        peer.say(f"GET {REALM}", said({"CompanyInfo": {"Country": "US"}}))
        target = desk(peer).target
        assert isinstance(outcome_of(lambda t=target: t.references("preference")), list | TryAgain), place
