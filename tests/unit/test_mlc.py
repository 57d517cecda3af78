"""The command line against a real socket, behind which the API's door answers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from chalicelib.engine import ledger, poll, runs
from chalicelib.engine.caller import Caller, Pass, Reply, Sight, Visit, Wish
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import DEAD
from chalicelib.engine.system import System
from chalicelib.entry import api
from mlc import document
from mlc.cli import app
from mlc.client import Client
from mlc.session import Session
from tests.unit.api_world import FLOW, ApiWorld, config, routed


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        return


class Service:
    """The API on a socket; while the command line waits, the queues are worked off."""

    def __init__(self) -> None:
        self.world = ApiWorld()
        self.server = make_server("127.0.0.1", 0, self.answer, threaded=True, request_handler=_Quiet)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.key = self.world.keys["acme"]
        self.waited = 0.0

    def answer(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        template, params = routed(environ["REQUEST_URI"].split("?")[0])
        status, headers, body = api.dispatch(
            self.world.engine,
            request.method,
            template,
            params,
            headers=dict(request.headers),
            query=dict(request.args),
            body=request.get_data(),
        )
        return Response(body, status=status, headers=headers)(environ, start_response)

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        for job in self.world.work():
            if job["job"] == "restart":  # the planted records stay as they are
                runs.taken_up(self.world.engine, self.world.flow())
        for job in self.world.messages("poll"):
            poll.step(self.world.engine, job)

    def mlc(self, *args: str, key: str | None = None, url: str | None = None, **env: str) -> Result:
        session = Session(sleep=self.sleep, now=lambda: self.waited)
        given = {"MLC_URL": url or self.url, "MLC_KEY": self.key if key is None else key, "COLUMNS": "250", **env}
        result = CliRunner().invoke(app, [*args], obj=session, env=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    def told(self, *args: str, **more: Any) -> Any:
        result = self.mlc(*args, "--json", **more)
        return json.loads(result.stdout)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()
    service.thread.join()


def written(tmp_path: Path, text: str | None = None, **changes: object) -> Path:
    file = tmp_path / "customer.yaml"
    wanted = config("acme", **changes)
    for connection in wanted["connections"].values():
        connection["credentials"] = {name: f"env:{name.upper()}" for name in connection["credentials"]}
    file.write_text(text if text is not None else yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
    return file


SECRETS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret-of-acme", "REFRESH_TOKEN": "token-of-acme"}


# ---------------------------------------------------------------------------------------------- apply, export


def test_apply_plans_applies_and_says_whose_companies_were_found(service: Service, tmp_path: Path) -> None:
    file = written(tmp_path, mappings={"account": {"7010": "6100"}})
    planned = service.mlc("apply", str(file), "--plan", **SECRETS)
    assert (planned.exit_code, "Only planned" in planned.output) == (0, True)
    assert "mappings/account/7010: nothing -> 6100" in planned.output
    done = service.mlc("apply", str(file), **SECRETS)
    assert (done.exit_code, "books: Acme Books (9130)" in done.output) == (0, True)
    assert "secret-of-acme" not in planned.output + done.output
    assert service.world.vault.secrets["connections/acme/books"]["refresh_token"] == "token-of-acme"
    again = service.mlc("apply", str(file), **SECRETS)
    assert "Nothing to change" in again.output


def test_what_was_exported_applies_and_changes_nothing(service: Service, tmp_path: Path) -> None:
    service.world.set_up(mappings={"account": {"0710": "6100", "on": "no", "1e3": "id:5"}})
    out = tmp_path / "out.yaml"
    assert service.mlc("export", "--out", str(out)).exit_code == 0
    assert service.mlc("export").output == out.read_text()
    assert service.told("apply", str(out))["applied"] is False
    assert service.world.flow().mappings["account"] == {"0710": "6100", "on": "no", "1e3": "id:5"}


def test_a_schedule_by_cron_is_shown_exported_and_applied_again(service: Service, tmp_path: Path) -> None:
    service.world.set_up(cron="*/15 6-18 * * 1-5", zone="America/Vancouver")
    out = tmp_path / "out.yaml"
    assert service.mlc("export", "--out", str(out)).exit_code == 0
    assert service.told("apply", str(out))["applied"] is False
    assert "at */15 6-18 * * 1-5 (America/Vancouver)" in service.mlc("flows", "show", FLOW).output
    assert FLOW in service.mlc("flows").output
    unfit = out.read_text().replace("America/Vancouver", "Vancouver")
    out.write_text(unfit)
    line = next(n for n, text in enumerate(unfit.splitlines(), 1) if "zone" in text)
    said = service.mlc("apply", str(out)).output.replace("\n", " ")
    assert f"out.yaml:{line}: flows.{FLOW}.zone: expected the IANA name of a time zone" in said


def test_a_missing_variable_is_named_with_its_line_before_anything_is_sent(service: Service, tmp_path: Path) -> None:
    file = written(tmp_path)
    result = service.mlc("apply", str(file), CLIENT_ID="id", CLIENT_SECRET="secret")
    assert result.exit_code == 1
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "REFRESH_TOKEN" in text)
    assert f"customer.yaml:{line}: connections.books.credentials.refresh_token: expected the environment variable" in (
        result.output
    )
    assert "Nothing was changed." in result.output
    assert service.world.vault.secrets == {}


BAD_FILES = [
    (
        "flows:\n  {F}:\n    from: purchasing\n    to: books\n    cut_over: soon\n",
        5,
        "cut_over",
        'expected a date as YYYY-MM-DD, got "soon"',
    ),
    ("flows:\n  {F}:\n    from: purchasing\n    to: books\n", 2, "cut_over", "expected a date as YYYY-MM-DD"),
    ("flows:\n\n  {F}: {{from: purchasing, to: books, cut_over: 2026-01-01, evry: 5 minutes}}\n", 3, "evry", "every"),
    (
        "connections:\n  books:\n    system: ledger\n  books:\n    system: paper\n",
        4,
        "books",
        "expected each key once, got it again (first on line 2)",
    ),
    ("connections:\n  a: [\n", 3, "", "expected YAML"),
    ("connections:\n\tbooks: 1\n", 2, "", "expected YAML"),
    ("a: 1\n---\nb: 2\n", 2, "", "expected YAML"),
    ("- 1\n", 1, "", "the keys connections and flows, got something else"),
    ("", 1, "", "got nothing"),
    ("x: &a [1, 2]\ny: *a\n", 1, "y", "expected it written out"),
    ("a: &a [*a]\n", 1, "a.0", "expected it written out"),
    ("? [1, 2]\n: 3\n", 1, "", "expected a plain key"),
    (
        "connections:\n  purchasing:\n    system: paper\n    environment: production\n    domain: acme.example.com\n",
        5,
        "domain",
        'got "acme.example.com"',
    ),
]


@pytest.mark.parametrize(("text", "line", "key", "says"), BAD_FILES)
def test_a_broken_file_is_told_by_line_key_and_what_was_expected(
    service: Service, tmp_path: Path, text: str, line: int, key: str, says: str
) -> None:
    before = service.world.store.all_items()
    file = written(tmp_path, text.replace("{F}", FLOW).replace("{{", "{").replace("}}", "}"))
    result = service.mlc("apply", str(file))
    assert result.exit_code == 1
    told = [one for one in result.output.splitlines() if f"customer.yaml:{line}:" in one and key in one and says in one]
    assert told, result.output
    assert service.world.store.all_items() == before
    faults = service.told("apply", str(file))["errors"]
    assert any(fault["line"] == line for fault in faults)


def test_a_file_that_is_no_text_is_told(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "customer.yaml"
    file.write_bytes(b"a: 1\nb: \xff\n")
    result = service.mlc("apply", str(file))
    assert (result.exit_code, "customer.yaml:2: expected UTF-8 text" in result.output) == (1, True)


def test_values_stay_as_they_are_typed() -> None:
    read = document.parse("a: 0610\nb: on\nc: 2026-01-01\nd: 1_000\ne: ''\nf: ~\ng:\nh: 'null'\ni: 1e3\nj: !!int 5\n")
    assert read.values == {
        "a": "0610",
        "b": "on",
        "c": "2026-01-01",
        "d": "1_000",
        "e": "",
        "f": None,
        "g": None,
        "h": "null",
        "i": "1e3",
        "j": "5",
    }


def test_a_file_of_aliases_of_aliases_is_refused_at_once() -> None:
    text = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(document.Unfit):
        document.parse(text)


# ---------------------------------------------------------------------------------------------- flows


def test_a_flow_is_rehearsed_started_paused_resumed_and_synced(service: Service) -> None:
    service.world.set_up()
    service.world.record("1", state="rehearsed", plan={"action": "create", "why": ""}, amount="10.00")
    rehearsed = service.mlc("flows", "rehearse", FLOW)
    assert rehearsed.exit_code == 0
    assert "would create" in rehearsed.output
    assert "10.00 USD" in rehearsed.output
    assert service.mlc("flows", "start", FLOW).output.strip() == f"{FLOW} is live."
    assert service.told("flows", "pause", FLOW)["state"] == "paused"
    assert service.mlc("sync", FLOW).exit_code == 1
    assert service.mlc("flows", "resume", FLOW).exit_code == 0
    synced = service.mlc("sync", FLOW, "--wait", "--full")
    assert (synced.exit_code, "finished" in synced.output) == (0, True)
    for command in (("flows",), ("flows", "list"), ("flows", "show", FLOW)):
        assert FLOW in service.mlc(*command).output


def test_a_start_waits_for_the_companies_and_says_when_they_do_not_fit(service: Service, tmp_path: Path) -> None:
    wanted = config()
    wanted["connections"]["books"]["company"] = "Other Books"
    service.world.call("POST", "/apply", {"config": wanted})
    result = service.mlc("flows", "start", FLOW)
    assert (result.exit_code, 'not to "Other Books"' in result.output) == (1, True)
    wanted["connections"]["books"]["company"] = "Acme Books"
    service.world.call("POST", "/apply", {"config": wanted})
    result = service.mlc("flows", "start", FLOW)
    assert (result.exit_code, f"{FLOW} is live." in result.output) == (0, True)


def test_a_sync_that_is_not_settled_in_time_ends_with_1_and_says_what_goes_on(service: Service) -> None:
    service.world.set_up()
    service.world.record("1", due=("b", "2099-01-01T00:00:00+00:00"))
    result = service.mlc("sync", FLOW, "--wait", "--timeout", "5")
    assert (result.exit_code, "1 records are still under way" in result.output) == (1, True)


def called_by(service: Service, at: str) -> None:
    """The books cannot be called: they call us, and were last here then."""
    found = service.world.engine.load_system

    def load(name: str) -> System:
        caller = Caller("/calls", _not_asked, _not_asked_either, seen=lambda *_: Sight(at, "Somebody calls us."))
        return replace(found(name), caller=caller) if name == "ledger" else found(name)

    service.world.engine.load_system = load


def _not_asked(engine: Engine, visit: Visit) -> Reply:
    raise NotImplementedError


def _not_asked_either(engine: Engine, connection: Connection, wish: Wish) -> Pass:
    raise NotImplementedError


def test_a_sync_waits_for_the_web_connector_only_where_it_was_here_lately(service: Service) -> None:
    service.world.set_up()
    now = service.world.clock.now()
    service.world.record("1", due=("w", now.isoformat()))
    called_by(service, now.isoformat())
    result = service.mlc("sync", FLOW, "--wait", "--timeout", "5")
    assert (result.exit_code, "1 records are still under way" in result.output) == (1, True)
    for at, words in ((now - timedelta(hours=2)).isoformat(), "last here at"), ("", "which has not called yet"):
        called_by(service, at)
        result = service.mlc("sync", FLOW, "--wait", "--timeout", "5")
        assert result.exit_code == 0, result.output
        assert f"1 records of {FLOW} wait for the Web Connector, {words} {at}".strip() in result.output
        assert f"1 records of {FLOW} wait for the Web Connector, {words}" in service.mlc("status").output


def test_a_sync_without_wait_ends_at_once(service: Service) -> None:
    service.world.set_up()
    assert service.mlc("sync", FLOW).exit_code == 0
    assert service.told("sync", FLOW)["run"]


# ---------------------------------------------------------------------------------------------- records


def test_records_holds_why_trail_replay_and_resolve(service: Service) -> None:
    world = service.world
    world.set_up()
    world.held("a/b 1", amount="12.00", title="Bill [bold]1[/bold]")
    world.outside.records["77"] = "Bill 77"
    record = f"{FLOW}:bill:a/b 1"
    assert "Bill [bold]1[/bold]" in service.mlc("records", "--state", "held").output
    holds = service.mlc("holds", "--flow", FLOW).output
    assert "1 held over 12.00 USD: mapping_missing (account 7010)" in holds
    assert "bookkeeper: Map it." in holds
    assert "Map it." in service.mlc("why", record).output
    assert service.mlc("replay", record, "--release").exit_code == 0
    assert "replay" in service.mlc("trail", record).output
    linked = service.mlc("resolve", record, "--link", "77")
    assert (linked.exit_code, "is done" in linked.output) == (0, True)
    again = service.mlc("resolve", record, "--link", "77")
    assert (again.exit_code, "Unlink it first" in again.output) == (1, True)
    assert service.told("resolve", record, "--unlink")["state"] == "waiting"
    assert service.mlc("resolve", record, "--dismiss", "--why", "paid by card").exit_code == 0
    assert service.told("records", "--limit", "1")["items"][0]["state"] == "not_moved"


def test_resolve_wants_exactly_one_decision(service: Service) -> None:
    assert service.mlc("resolve", "x").exit_code == 2
    assert service.mlc("resolve", "x", "--dismiss", "--unlink").exit_code == 2


def test_a_list_goes_on_over_pages(service: Service) -> None:
    service.world.set_up()
    for n in range(230):
        service.world.record(str(n), day="2026-02-02")
    assert len(service.told("records", "--limit", "225")["items"]) == 225


# ---------------------------------------------------------------------------------------------- the rest


def test_ping_connections_and_status(service: Service) -> None:
    service.world.set_up()
    result = service.mlc("ping")
    assert (result.exit_code, result.output.count(" ms")) == (0, 2)
    assert service.told("ping", "books")["pings"]["books"]["company"]["name"] == "Acme Books"
    assert "Acme Books" in service.mlc("connections").output
    assert FLOW in service.mlc("status").output
    service.world.vault.secrets["connections/acme/books"]["client_secret"] = "wrong"
    failed = service.mlc("ping", "books")
    assert (failed.exit_code, "Enter the right one." in failed.output) == (1, True)


def test_notices_are_set_up_tried_and_their_trouble_shown(service: Service, tmp_path: Path) -> None:
    text = 'notices:\n  webhook: env:HOOK\n  digest: "07:30"\n  zone: America/Vancouver\n'
    file, hook = written(tmp_path, text), {"HOOK": "https://hooks.example.com/very-secret"}
    planned = service.mlc("apply", str(file), "--plan", **hook).output
    assert "notices: create" in planned
    assert "webhook: nothing -> (not shown)" in planned
    assert "very-secret" not in planned + service.mlc("apply", str(file), **hook).output
    exported = tmp_path / "exported.yaml"
    service.mlc("export", "--out", str(exported))
    assert "very-secret" not in exported.read_text()
    assert "Nothing to change" in service.mlc("apply", str(exported)).output
    tried = service.mlc("notices", "test")
    assert tried.exit_code == 1
    assert "topic: Handed to the topic" in tried.output
    assert "webhook: https://hooks.example.com cannot be reached." in tried.output
    service.told("notices", "test")
    service.told("notices", "test")
    assert "The webhook for notices fails since" in service.mlc("status").output


# ---------------------------------------------------------------------------------------------- reconcile

OCTOBER = ("reconcile", FLOW, "--from", "2026-10-01", "--to", "2026-10-31")


def test_reconcile_shows_both_sides_each_difference_and_ends_with_1(service: Service, tmp_path: Path) -> None:
    service.world.set_up()
    result = service.mlc(*OCTOBER, "--csv", str(tmp_path / "october.csv"))
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "Differs by 60.00 USD in 1 record."
    for part in ("source", "differs", "not_noticed", f"{FLOW}:bill:1", "60.00 USD of 2026-10-05", "the next run"):
        assert part in result.stdout
    header, row = (tmp_path / "october.csv").read_text().splitlines()
    assert header.startswith("move,line,kind,record,title,source_day")
    assert f"not_noticed,{FLOW}:bill:1,'=Bill 1,2026-10-05,60.00,USD" in row, "no spreadsheet may take it for a formula"
    told = service.told(*OCTOBER)
    assert (told["agrees"], told["moves"]["bill"]["source"]["count"]) == (False, 1)


def test_reconcile_names_what_is_held_and_ends_with_0(service: Service) -> None:
    service.world.set_up()
    service.world.held("1", day="2026-10-05", amount="60.00", stamp="s")
    result = service.mlc(*OCTOBER)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "Agrees to the cent.")
    assert "bookkeeper: Map it." in result.stdout


def test_reconcile_that_cannot_be_told_ends_with_2(service: Service, tmp_path: Path) -> None:
    service.world.set_up()
    assert service.mlc("reconcile", FLOW, "--from", "2026-10-01", "--to", "soon").exit_code == 2
    assert service.mlc("reconcile", "nothing", *OCTOBER[2:]).exit_code == 2
    assert service.mlc(*OCTOBER, "--csv", str(tmp_path / "no" / "such.csv")).exit_code == 2
    service.world.vault.secrets["connections/acme/books"]["client_secret"] = "wrong"
    service.world.clock.advance(3600)
    result = service.mlc(*OCTOBER, "--csv", str(tmp_path / "none.csv"))
    assert (result.exit_code, "could not be completed" in result.stdout) == (2, True)
    assert "Enter the right one." in result.stdout
    assert not (tmp_path / "none.csv").exists()


def test_a_verifier_is_asked_for_or_taken_from_the_environment_and_never_shown(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "verifier-0123456789"
    monkeypatch.setenv("LEDGER_VERIFIER", secret)
    enter = ("webhooks", "enter", "ledger", "--client-id", "our-app")
    made = service.mlc(*enter, "--verifier", "env:LEDGER_VERIFIER", key=service.world.platform)
    assert (made.exit_code, "/hooks/ledger" in made.output) == (0, True)
    listed = service.mlc("webhooks", "list", key=service.world.platform)
    assert "our-app" in listed.output
    for told in (made.output, listed.output):
        assert secret not in told
    for wrong in (secret, "env:NOT_SET_ANYWHERE"):
        refused = service.mlc(*enter, "--verifier", wrong, key=service.world.platform)
        assert refused.exit_code == 2
        assert secret not in refused.output


def test_the_match_report_is_shown_and_written_to_a_file_page_by_page(service: Service, tmp_path: Path) -> None:
    service.world.set_up()
    for n in range(3):
        link = {"target_id": f"v{n}", "label": f"=Vendor {n}", "made": "linked", "rule": "same name"}
        service.world.record(str(n), move="vendor", state="done", link=link, outcome={"action": "linked"})
    service.world.held("b1")
    told = service.told("matches", FLOW)["items"]
    assert sorted(row["what"] for row in told) == ["held", "matched", "matched", "matched"]
    assert "1 held, 3 matched" in service.mlc("matches", FLOW).output
    file = tmp_path / "matches.csv"
    assert service.mlc("matches", FLOW, "--what", "matched", "--csv", str(file)).exit_code == 0
    header, *rows = file.read_text().splitlines()
    assert header.startswith("move,record,") and len(rows) == 3 and all(",'=Vendor " in row for row in rows)
    assert service.mlc("matches", FLOW, "--csv", str(tmp_path / "no" / "such.csv")).exit_code == 1
    assert service.told("matches", FLOW, "--codes") == {"items": [], "looked_at": 0, "cut": False, "not_readable": []}
    assert service.mlc("matches", FLOW, "--codes", "--what", "held").exit_code == 2


def test_a_long_sheet_is_put_together_under_one_header(service: Service) -> None:
    service.world.set_up()
    for n in range(1203):
        service.world.record(str(n), move="vendor")
    rows = Client(service.url, service.key).sheet(f"/flows/{FLOW}/matches").splitlines()
    assert len(rows) == 1204 and len(set(rows)) == 1204


def test_the_trail_shows_each_changed_field_before_and_after_and_no_secret(service: Service) -> None:
    service.world.set_up()
    head = service.world.record("1", state="done")
    changes: dict[str, Any] = {
        "city": {"before": "Salem", "after": "Bend"},
        "phone": {"before": None, "after": "555"},
        "lines": {"before": [{"amount": "1.00"}, {"amount": "2.00"}], "after": [{"amount": "1.00"}]},
        "api_token": {"before": "hunter2hunter2", "after": "hunter3hunter3"},
    }
    entry = ledger.trail_op(head.key, service.world.clock.now(), "intent to update", {"changes": changes}, salt="1")
    service.world.store.write([entry])
    output = service.mlc("trail", head.key.id).output
    for line in ("city: Salem -> Bend", "phone: nothing -> 555", "lines.2.amount: 2.00 -> nothing"):
        assert line in output
    assert "lines.1" not in output and "hunter" not in output


def test_dead_letters_are_listed_sent_back_parked_and_dropped(service: Service) -> None:
    key, queue = service.world.platform, service.world.queue
    assert "Nothing" not in service.mlc("dlq", "list", key=key).output
    queue.send("jobs" + DEAD, [json.dumps({"job": "ping", "tenant": "acme"})] * 2, group="acme")
    listed = service.mlc("dlq", "list", key=key).output
    assert "the job ping" in listed
    assert "2 copies" in listed
    (letter,) = service.told("dlq", "list", key=key)["letters"]
    assert "parked" in service.mlc("dlq", "park", letter["id"], "--why", "until noon", key=key).output
    assert "until noon" in service.mlc("dlq", "list", key=key).output
    assert "dropped" in service.mlc("dlq", "drop", letter["id"], key=key).output
    gone = service.mlc("dlq", "redrive", letter["id"], key=key)
    assert (gone.exit_code, f"No letter {letter['id']}" in gone.output) == (1, True)
    assert service.mlc("dlq", "drop", "x", key=key).exit_code == 1
    assert service.mlc("dlq", "list", "--queue", "nowhere", key=key).exit_code == 1
    assert "There is no such address" in service.mlc("dlq", "list").output


def test_tenants_and_keys(service: Service) -> None:
    made = service.mlc("tenants", "create", "newco", key=service.world.platform)
    assert "mlc_newco_" in made.output
    assert "newco" in service.mlc("tenants", "list", key=service.world.platform).output
    key = service.told("keys", "create", "reports", "--role", "viewer")
    assert service.mlc("flows", key=key["key"]).exit_code == 0
    assert "reports" in service.mlc("keys", "list").output
    assert service.mlc("keys", "delete", key["id"][:12]).exit_code == 0
    assert service.mlc("flows", key=key["key"]).exit_code == 1


@pytest.mark.parametrize(
    "command",
    [("flows", "list"), ("status",), ("records",), ("holds",), ("connections",), ("export",), ("keys", "list")],
)
def test_json_is_nothing_but_json(service: Service, command: tuple[str, ...]) -> None:
    assert isinstance(service.told(*command), dict)


def test_a_refusal_says_what_and_ends_with_1(service: Service) -> None:
    result = service.mlc("flows", "show", "nothing")
    assert (result.exit_code, "There is no flow of that name." in result.output) == (1, True)
    assert service.told("flows", "show", "nothing")["status"] == 404
    wrong = service.mlc("status", key="mlc_acme_wrong")
    assert (wrong.exit_code, "No valid API key" in wrong.output) == (1, True)


def test_no_service_there_is_told_with_its_address_and_what_to_do(service: Service) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    result = service.mlc("status", url=url)
    assert result.exit_code == 1
    assert url in result.output
    assert "MLC_URL" in result.output


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("ftp://x", "k"),
        ("nonsense", "k"),
        ("http://mlc.example.com", "k"),
        ("http://127.0.0.1:1", ""),
        ("http://127.0.0.1:1", "schlüssel"),
    ],
)
def test_a_command_line_that_does_not_fit_ends_with_2(service: Service, url: str, key: str) -> None:
    assert service.mlc("status", url=url, key=key).exit_code == 2


def test_unknown_options_end_with_2(service: Service) -> None:
    assert service.mlc("status", "--colour").exit_code == 2
    assert service.mlc("apply", "no-such-file.yaml").exit_code == 2


def test_something_else_on_that_address_is_told(service: Service) -> None:
    def other(environ: Any, start_response: Any) -> Any:
        return Response("<html>hello</html>", mimetype="text/html")(environ, start_response)

    server = make_server("127.0.0.1", 0, other, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    result = service.mlc("status", url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()
    assert (result.exit_code, "not as this service does" in result.output) == (1, True)


def test_the_command_line_knows_nothing_of_the_service_but_its_api() -> None:
    root = Path(__file__).parent.parent.parent / "mlc"
    for path in root.rglob("*.py"):
        assert "chalicelib" not in path.read_text(), path
