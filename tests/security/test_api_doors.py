"""The API's doors, tried on every route there is: a new route is tried here before anybody writes a test for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.engine.ports import Item
from chalicelib.entry import api, routes
from chalicelib.entry.problem import MEDIA_TYPE
from chalicelib.entry.routes import PREFIX, Endpoint
from tests.unit.api_world import FLOW, Answer, ApiWorld, config

GUARDED = [endpoint for endpoint in routes.ENDPOINTS if endpoint.role is not None]
CHANGING = [endpoint for endpoint in GUARDED if endpoint.method != "GET"]
TAKING = [endpoint for endpoint in GUARDED if endpoint.body is not None]
NAMING = [endpoint for endpoint in GUARDED if "{" in endpoint.path]
ROLES = ("viewer", "operator", "admin", "platform")

HOSTILE = (
    "../../T#rival", "..%2f..%2fapply", "%00", "\x00", "a\r\nSet-Cookie: x=1", "T#rival#CONNECTION#books", "#", "",
    "\ud800", "\u202eexe", "\u0660",
    "\u2019 OR 1=1 --", "{{7*7}}", "<script>alert(1)</script>", "x" * 5000, "%", "%zz", "%ff%fe",
    f"{FLOW}:bill:", ":::", "a:b", "a#b:c:d", f"{FLOW}:bill:" + "y" * 3000, "💥" * 400,
)  # fmt: skip


def _id(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def every(endpoints: list[Endpoint]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("endpoint", endpoints, ids=_id)


@pytest.fixture
def world() -> ApiWorld:
    world = ApiWorld()
    world.set_up("acme")
    world.set_up("rival")
    for tenant in ("acme", "rival"):
        world.held("1", tenant=tenant, amount="5.00")
    return world


def send(
    world: ApiWorld,
    endpoint: Endpoint,
    *,
    key: str | None,
    params: dict[str, str] | None = None,
    body: bytes = b"",
    query: dict[str, str] | None = None,
) -> Answer:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    given = params if params is not None else dict.fromkeys(_names(endpoint), "anything")
    sent = body or (b'{"company": "1"}' if endpoint.path.endswith("/confirm") else b"")
    status, answered, text = api.dispatch(
        world.engine, endpoint.method, PREFIX + endpoint.path, given, headers=headers, query=query or {}, body=sent
    )
    answer = Answer(status, answered, json.loads(text))
    if status >= 400:
        assert answered["Content-Type"] == MEDIA_TYPE
        assert answer.body["status"] == status
        assert "Traceback" not in text
        assert "error" not in answer.body["detail"].lower()
    assert status != 500, text
    return answer


def _names(endpoint: Endpoint) -> list[str]:
    return [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]


def _key(world: ApiWorld, role: Any) -> str:
    return world.platform if role == "platform" else world.key(role)


def _stored(world: ApiWorld) -> list[Item]:
    return [item for item in world.store.all_items() if not item.sk.startswith("KEY#")]


# ---------------------------------------------------------------------------------------------- who may


@every(GUARDED)
def test_without_a_valid_key_nothing_is_answered(world: ApiWorld, endpoint: Endpoint) -> None:
    before = world.store.all_items()
    good = world.keys["acme"]
    for key in (None, "", "wrong", good[:-1], good + "x", good.replace("acme", "rival"), good.upper()):
        answer = send(world, endpoint, key=key, body=b"{not json")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert world.store.all_items() == before


@every(GUARDED)
def test_a_role_that_does_not_include_the_asked_one_is_refused(world: ApiWorld, endpoint: Endpoint) -> None:
    for role in ROLES:
        enough = (
            role == endpoint.role
            if "platform" in (role, endpoint.role)
            else ROLES.index(role) >= ROLES.index(str(endpoint.role))
        )
        answer = send(world, endpoint, key=_key(world, role), body=b"[]")
        refused = 404 if endpoint.hidden and not enough else 403
        assert (answer.status == refused) is not enough, (role, answer.body)


@every(CHANGING)
def test_a_viewer_changes_nothing(world: ApiWorld, endpoint: Endpoint) -> None:
    key = world.key("viewer")
    before = world.store.all_items()
    assert send(world, endpoint, key=key).status == (404 if endpoint.hidden else 403)
    assert world.store.all_items() == before


def test_only_the_description_of_the_api_needs_no_key() -> None:
    assert [endpoint.path for endpoint in routes.ENDPOINTS if endpoint.role is None] == ["/openapi.json"]


# ---------------------------------------------------------------------------------------------- whose


def _of_the_other(world: ApiWorld, endpoint: Endpoint) -> Iterator[dict[str, str]]:
    """The same parameters once naming what only the rival has, once naming what nobody has."""
    rival = world.keys["rival"]
    ping = world.call("POST", "/connections/books/ping", key=rival).body["id"]
    link = world.call(
        "POST", f"/records/{quote(f'{FLOW}:bill:theirs')}/resolve", {"action": "link", "target_id": "1"}, key=rival
    ).body["id"]
    key = world.call("GET", "/keys", key=rival).body["items"][0]["id"]
    theirs = {
        "hash": key,
        "id": ping if "ping" in endpoint.path else f"{FLOW}:bill:theirs",
        "job": link,
        "name": "books",
        "version": "1",
    }
    nobodys = {"hash": "0" * 64, "id": "n" * 32 if "ping" in endpoint.path else f"{FLOW}:bill:nobody", "job": "n" * 32}
    yield {name: theirs[name] for name in _names(endpoint)}
    yield {name: {**theirs, **nobodys}[name] for name in _names(endpoint)}


@every([e for e in NAMING if set(_names(e)) != {"name"}])
def test_what_another_customer_has_is_answered_like_what_nobody_has(world: ApiWorld, endpoint: Endpoint) -> None:
    world.held("theirs", tenant="rival")
    theirs, nobodys = _of_the_other(world, endpoint)
    body = json.dumps({"action": "dismiss"} if endpoint.path.endswith("/resolve") else {}).encode()
    before = [item for item in _stored(world) if "rival" in item.pk]
    found = send(world, endpoint, key=world.keys["acme"], params=theirs, body=body)
    absent = send(world, endpoint, key=world.keys["acme"], params=nobodys, body=body)
    assert found == absent
    assert found.status == 404
    assert [item for item in _stored(world) if "rival" in item.pk] == before


FITTING = {
    ("POST", "reconcile"): b'{"from": "2026-10-01", "to": "2026-10-31"}',
    ("PUT", "mappings"): b'{"version": 1, "mappings": {"account": {"1": "2"}}, "rules": {}}',
    ("POST", "rollback"): b'{"to": 1}',
}


@every([e for e in NAMING if set(_names(e)) == {"name"}])
def test_the_same_name_means_ones_own(world: ApiWorld, endpoint: Endpoint) -> None:
    """Both customers use the same names; what one does never shows in the other's table."""
    name = "books" if endpoint.path.startswith("/connections") else FLOW
    before = [item for item in _stored(world) if "rival" in item.pk]
    body = FITTING.get((endpoint.method, endpoint.path.rsplit("/", 1)[1]), b"")
    answer = send(world, endpoint, key=world.keys["acme"], params={"name": name}, body=body)
    assert answer.status in {200, 202, 409}
    assert "rival" not in json.dumps(answer.body).lower()
    assert [item for item in _stored(world) if "rival" in item.pk] == before


@every([e for e in GUARDED if e.method == "GET" and e.role != "platform" and "{" not in e.path])
def test_lists_show_only_ones_own(world: ApiWorld, endpoint: Endpoint) -> None:
    text = json.dumps(send(world, endpoint, key=world.keys["acme"]).body).lower()
    assert "rival" not in text
    assert '"77"' not in text


# ---------------------------------------------------------------------------------------------- what


@every(TAKING)
def test_a_body_that_is_too_large_is_refused_unread(world: ApiWorld, endpoint: Endpoint) -> None:
    before = _stored(world)
    answer = send(world, endpoint, key=_key(world, endpoint.role), body=b"[" * (api.MOST_BODY + 1))
    assert answer.status == 413
    assert _stored(world) == before


BODIES = (
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"1",
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1, "a": 2}',
    b'{"a": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"a": "\\u0000"}',
    b"[" * 100_000,
    b'{"a":' * 5000,
    b'{"a": ' + b"9" * 5000 + b"}",
    b"{'a': 1}",
    b'{"a": 1} trailing',
    b'{"__class__": "x"}',
    b"<xml/>",
    b"\xef\xbb\xbf{}",
    b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}",
)


@every(TAKING)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:16]))
def test_a_body_that_is_no_sound_json_object_is_refused(world: ApiWorld, endpoint: Endpoint, body: bytes) -> None:
    before = _stored(world)
    params = _existing(endpoint)
    answer = send(world, endpoint, key=_key(world, endpoint.role), params=params, body=body)
    assert answer.status == 400, answer.body
    assert _stored(world) == before


def _existing(endpoint: Endpoint) -> dict[str, str]:
    known = {"name": "books" if "connections" in endpoint.path else FLOW, "id": f"{FLOW}:bill:1", "hash": "0" * 64}
    return {name: known.get(name, "x" * 32) for name in _names(endpoint)}


def test_bad_json_is_named_with_its_line_and_column(world: ApiWorld) -> None:
    answer = world.call("POST", "/apply", raw=b'{\n  "config": {,}\n}')
    assert "line 2, column 14" in answer.body["detail"]
    assert answer.body["errors"][0]["line"] == 2


@every(NAMING)
def test_hostile_names_are_answered_like_unknown_ones(world: ApiWorld, endpoint: Endpoint) -> None:
    before = _stored(world)
    for name in _names(endpoint):
        for hostile in HOSTILE:
            for given in (hostile, quote(hostile, safe="", errors="replace")):
                body = b'{"action": "dismiss"}' if endpoint.path.endswith("/resolve") else b""
                params = {**_existing(endpoint), name: given}
                answer = send(world, endpoint, key=world.keys["acme"], params=params, body=body)
                assert answer.status == 404, (name, given[:40], answer.body)
    assert _stored(world) == before


@every(GUARDED)
def test_hostile_queries_are_refused_and_never_answered_with_our_fault(world: ApiWorld, endpoint: Endpoint) -> None:
    key = _key(world, endpoint.role)
    names = [*endpoint.query, "unknown", "__proto__", "\ud800"]
    for name in names:
        for hostile in HOSTILE:
            status = send(
                world, endpoint, key=key, params=_existing(endpoint), body=b"{}", query={name: hostile}
            ).status
            assert status in {200, 400, 404}
            assert status == 400 or name in endpoint.query


def test_unknown_addresses_and_methods_are_said_to_be_so(world: ApiWorld) -> None:
    assert world.call("GET", "/secrets").status == 404
    answer = world.call("DELETE", "/flows")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


# ---------------------------------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    "domain",
    [
        "acme.evil.example",
        "acme/",
        "acme@evil",
        "ACME",
        "acme\n",
        "-" * 64,
        "äcme",
        "acme:443",
        "..",
        "a b",
        "acme#",
        "%61",
    ],
)
def test_a_domain_is_letters_digits_and_hyphens(world: ApiWorld, domain: str) -> None:
    wanted = config("acme")
    wanted["connections"]["purchasing"]["domain"] = domain
    answer = world.call("POST", "/apply", {"config": wanted})
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "/config/connections/purchasing/domain")


@pytest.mark.parametrize("name", ["a#b", "A", "1a", "a:b", "a/b", "", "a" * 41, "ä", "a\n", "\u202ea", " a"])
def test_names_that_could_confuse_keys_or_ids_are_refused(world: ApiWorld, name: str) -> None:
    before = _stored(world)
    for section in ("connections", "flows"):
        wanted = config("acme")
        wanted[section][name] = next(iter(wanted[section].values()))
        assert world.call("POST", "/apply", {"config": wanted}).status == 400
    assert _stored(world) == before


def test_our_own_fault_is_logged_and_told_without_its_inside(world: ApiWorld, caplog: pytest.LogCaptureFixture) -> None:
    def broken(effect: Any) -> None:
        if effect.operation == "query":
            raise RuntimeError("password=hunter2hunter2 in T#acme")

    world.store.before = broken
    answer = world.call("GET", "/flows")
    assert (answer.status, answer.body["type"]) == (500, "urn:ml-connector:problem:our_fault")
    assert "hunter2" not in json.dumps(answer.body) + caplog.text
    assert answer.body["reference"] in caplog.text


def test_a_table_that_does_not_answer_is_told_as_a_wait(world: ApiWorld) -> None:
    world.store.throttle(1)
    answer = world.call("GET", "/flows")
    assert (answer.status, int(answer.headers["Retry-After"]) >= 1) == (503, True)


def test_no_answer_is_kept_by_a_browser_or_guessed_at(world: ApiWorld) -> None:
    answer = world.call("GET", "/flows")
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
