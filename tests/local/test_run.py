"""`make run` as a person meets it: real processes, real sockets, and what happens when any of them is killed."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib import settings
from simulator import local, moving_in, outside, seed
from simulator.house import KEEPERS, ROOT, House, free_port, listens
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.systems.serving import Simulator, listen

PC = "quickbooks_desktop"
PATIENCE = 60.0
RARELY = 0.3  # seconds between two questions that cost the service more than a look at a socket
RESTS = {"done", "held", "not_moved", "refused"}
CUT_OFF = {"QBWC1041", "QBWC1042", "QBWC1044"}  # a session of the Web Connector that lost us
KILLS = 20 if os.environ.get("MLC_EVERY") == "1" else 9
SEED = 20261121  # of the moments of the kills
# How long the service lives, in seconds, in turn: some work, not even its start, just its start. The first is long
# enough for a message in hand to come back and be done with: one that five lives in a row fail at is parked.
LIVES = ((4.0, 5.5), (0.2, 1.1), (1.2, 2.5))
FEW = 24  # bills, where more would show no more; behind MLC_ENDPOINTS the vendor's own pace holds, too
SOME = 100  # bills, where the service must not be through with them at once
EVERY = {"procurify", "quickbooks_online", PC, "procore", "freshbooks"}
LATE = 3  # bills that people add, and that they change, in each life


def until(true: Callable[[], Any], *, patience: float = PATIENCE, every: float = 0.05) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {patience:.0f} seconds")


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[House]:
    house = House(folder=folder, **options)
    try:
        house.up()
        yield house
    finally:
        house.down(save=False)


class Customer:
    """The seeded company's people: they ask the service, and look into their books."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.key = (house.folder / "mlc.key").read_text()

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self.house.call(method, f"/api/v1{path}", self.key, body, again=True)

    def sync(self, flow: str = seed.FLOW, *, patience: float = 2 * PATIENCE) -> None:
        """Run the flow, and wait until nothing of it is under way."""
        self.call("POST", f"/flows/{flow}/sync", {})
        until(lambda: self.house.tend() == "" and self.latest(flow)["quiet"], patience=patience, every=RARELY)
        assert self.latest(flow)["trouble"] == ""

    def latest(self, flow: str = seed.FLOW) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/flows/{flow}/runs/latest")
        return found

    def records(self, move: str = "bill", flow: str = seed.FLOW) -> list[dict[str, Any]]:
        found, cursor = [], ""
        while True:
            page = self.call("GET", f"/records?flow={flow}&move={move}&limit=200&cursor={cursor}")
            found += page["items"]
            cursor = page.get("cursor") or ""
            if not cursor:
                return found

    def bills(self) -> list[dict[str, Any]]:
        """Those that Procurify has approved."""
        found = self.house.backstage("procurify", "snapshot", kind="bills")
        return [bill for bill in found if bill["status"] in {2, 4, 6, 7, 8} and bill["active"]]

    def entered(self) -> list[dict[str, Any]]:
        """Those in QuickBooks Online that carry our mark."""
        ledger = self.house.backstage("quickbooks_online", "ledger", realm_id=seed.REALM)
        return ours(ledger["bills"])

    def orders(self) -> list[dict[str, Any]]:
        """Those that are open in Procurify."""
        found = self.house.backstage("procurify", "snapshot", kind="purchase_orders")
        return [order for order in found if order["state"] in {0, 5} and order["active"]]

    def job_costs(self) -> list[dict[str, Any]]:
        """The bills in QuickBooks Desktop that carry our mark."""
        return marked(self.house.backstage(PC, "ledger")["Bill"])


def ours(bills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bill for bill in bills if "[mlc:" in (bill.get("PrivateNote") or "")]


def marked(bills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bill for bill in bills if "[mlc:" in (bill.get("Memo") or "")]


def assert_job_costs_agree(customer: Customer, entered: list[dict[str, Any]]) -> None:
    """Each open order once: a bill in QuickBooks Desktop, or held, or listed as not moved, to the cent."""
    orders, records = customer.orders(), customer.records("purchase_order", seed.DESKTOP_FLOW)
    assert {record["state"] for record in records + customer.records("vendor", seed.DESKTOP_FLOW)} <= RESTS
    done = sorted(record["id"].rsplit(":", 1)[-1] for record in records if record["state"] == "done")
    assert sorted(re.findall(r"\[mlc:[^\]]*:(\d+)\]", " ".join(bill["Memo"] for bill in entered))) == done
    rest = [record for record in records if record["state"] != "done"]
    assert sorted(record["id"].rsplit(":", 1)[-1] for record in records) == sorted(
        str(order["procurify_PO"]) for order in orders
    )
    assert total(orders, "total") == total(entered, "total") + total(rest, "amount")
    assert entered


def total(bills: list[dict[str, Any]], field: str) -> Decimal:
    return sum((Decimal(str(bill.get(field) or 0)) for bill in bills), Decimal(0))


def assert_books_agree(customer: Customer) -> None:
    """Each approved bill once: entered, or held, or listed as not moved, to the cent; nobody made a mistake."""
    source, entered = customer.bills(), customer.entered()
    records = customer.records()
    assert {record["state"] for record in records + customer.records("vendor")} <= RESTS
    by_id = {record["id"].rsplit(":", 1)[-1]: record for record in records}
    assert sorted(by_id) == sorted(bill["uuid"].replace("-", "") for bill in source)
    assert len(records) == len(by_id)
    marked = Counter(re.findall(r"\[mlc:([^\]]*)\]", " ".join(bill["PrivateNote"] for bill in entered)))
    assert [mark for mark, times in marked.items() if times > 1] == []
    assert len(marked) == len(entered) == sum(record["state"] == "done" for record in records)
    numbers = Counter((bill["VendorRef"]["value"], bill.get("DocNumber")) for bill in entered)
    assert [number for number, times in numbers.items() if times > 1] == []
    rest = [record for record in records if record["state"] != "done"]
    assert total(source, "total_cost_with_tax") == total(entered, "TotalAmt") + total(rest, "amount")
    for system in seed.SYSTEMS:
        assert customer.house.backstage(system, "mistakes") == []


# ---------------------------------------------------------------------------------------------- the command


@contextmanager
def command(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`make run` without make: the supervisor, and the file with what it prints. A small company, if not told."""
    told = folder.with_suffix(".txt")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MLC_", "MAKE"))}
    with told.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator.local", "--state", str(folder), "--bills", str(FEW), *arguments],
            cwd=ROOT,
            env={**plain, "MLC_PORT": "0", **environment},
            stdout=output,
            stderr=output,
            text=True,
        )
    try:
        yield process, told
    finally:
        process.kill()
        process.wait()


def ports(folder: Path, told: Path) -> list[int]:
    """Where the service and the simulators listen."""
    service = re.findall(r"runs at http://127\.0\.0\.1:(\d+)", told.read_text())[-1]
    urls = json.loads((folder / "urls.json").read_text())
    return [int(service), *(urlsplit(url).port or 0 for url in urls.values())]


def test_once_ends_with_books_that_agree_and_shows_a_held_record_with_its_fix(tmp_path: Path) -> None:
    with command(tmp_path / "state", "--once", "--bills", str(seed.BILLS)) as (process, told):
        assert process.wait(timeout=180) == 0, told.read_text()
    text = told.read_text()
    assert text.count("The totals agree to the cent.") == len(seed.FLOWS)
    assert "bills of ours in QuickBooks Online" in text
    assert "bills of ours in QuickBooks Desktop" in text
    for word in ("moved", "linked", "updated", "unchanged", "held", "not moved"):
        assert word in text
    assert re.search(r"bill · mapping_missing · \d+ records", text)
    for reason in ("vendor · inactive_ref", "purchase_order · exists_in_target", "purchase_order · mapping_missing"):
        assert reason in text[text.index(seed.DESKTOP_FLOW) : text.index("bills of ours in QuickBooks Desktop")]
    example = text[text.index("For example Bill ") :]
    assert "Fix: Map it:" in example
    assert f"mlc why {seed.FLOW}:bill:" in example
    studio = text[text.index(f"{seed.STUDIO_FLOW}: people approved and cancelled orders") :]
    studio = studio[: studio.index("The totals agree to the cent.")]
    for reason in (
        "bill · bill_differs", "bill · waits_for_vendor", "bill · bad_characters", "bill_payment · partially_paid",
        "purchase_order · awaits_approval", "purchase_order · double_count", "vendor · ambiguous_match",
    ):  # fmt: skip
        assert reason in studio
    for shown in ("the same bills in Procurify", "bills paid in full in Procurify", "expenses of ours in FreshBooks"):
        assert int(re.findall(rf"{shown} \((\d+)\)", studio)[0]) > 5
    assert f"{seed.STUDIO_FLOW} ran twice more and read all of both systems again: nothing changed" in studio


def test_the_company_of_our_simulators_is_not_set_up_in_somebody_elses() -> None:
    assert moving_in.elsewhere({"quickbooks_online": "http://q", PC: None}) == []
    for system in ("freshbooks", "procurify"):
        assert moving_in.elsewhere({system: "http://f"}) == [seed.STUDIO_FLOW]


def test_a_stopped_run_goes_on_where_it_was_and_no_process_outlives_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    def started(process: subprocess.Popen[str], told: Path, words: str) -> list[int]:
        until(lambda: process.poll() is not None or "Ctrl-C stops" in told.read_text())
        assert words in told.read_text()
        assert all(listens(port) for port in ports(folder, told))
        return ports(folder, told)

    for signal_, words in ((signal.SIGINT, "begins anew"), (signal.SIGTERM, "goes on where it was stopped")):
        with command(folder) as (process, told):
            there = started(process, told, words)
            process.send_signal(signal_)
            assert process.wait(timeout=PATIENCE) == 0
        assert told.read_text().endswith("The state is kept.\n")
        assert not any(listens(port) for port in there)
    with command(folder) as (process, told):
        there = started(process, told, "goes on where it was stopped")
        process.kill()  # the supervisor, so that nobody stops its children
        process.wait()
        until(lambda: not any(listens(port) for port in there), patience=5)
    with command(folder) as (process, told):
        started(process, told, "begins anew")


def test_what_is_in_the_way_is_said_in_one_sentence(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        with command(tmp_path / "state", MLC_PORT=port) as (process, told):
            assert process.wait(timeout=PATIENCE) == 1
        assert told.read_text().startswith(f"Port {port} on 127.0.0.1 cannot be used")
        assert "MLC_PORT=" in told.read_text()
    for name, value, words in (
        ("MLC_PORT", "http", "MLC_PORT must be a port number"),
        ("MLC_ENDPOINTS", '{"procurify": ', "MLC_ENDPOINTS is not JSON"),
    ):
        with command(tmp_path / name, **{name: value}) as (process, told):
            assert process.wait(timeout=PATIENCE) == 1
        assert told.read_text().startswith(words)
        assert len(told.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("[]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"procurify": 7}', "procurify must be a URL"),
        ('{"procurify": "127.0.0.1:80"}', "procurify must be a URL"),
        ('{"procurfy": "http://127.0.0.1:80"}', "procurfy, which is no system"),
        ('{"quickbooks_online": {"api": "http://127.0.0.1:80"}}', "quickbooks_online needs oauth too"),
    ],
)
def test_endpoints_that_make_no_sense_are_refused(given: str, words: str) -> None:
    with pytest.raises(SystemExit, match=words):
        local.endpoints(given, whole=True)


def test_endpoints_are_taken_as_they_are_given_and_null_stays_null() -> None:
    assert local.endpoints("", whole=True) == {}
    given = '{"procurify": null, "quickbooks_desktop": null, "freshbooks": {"api": "http://f", "auth": "http://f"}}'
    assert local.endpoints(given, whole=True) == json.loads(given)


@pytest.mark.parametrize("stage", ["dev", "rehearsal", "prod"])
def test_every_other_stage_refuses_endpoints(stage: str) -> None:
    environ = {"STAGE": stage, "AWS_DEFAULT_REGION": "us-east-1", "MLC_ENDPOINTS": '{"procurify": "http://127.0.0.1"}'}
    with pytest.raises(SystemExit, match="MLC_ENDPOINTS is for stage local only"):
        settings.read(environ)


# ---------------------------------------------------------------------------------------------- dying and coming back


def test_no_bill_is_lost_or_doubled_when_the_service_is_killed_again_and_again(tmp_path: Path) -> None:
    """People go on working meanwhile: each time bills are added and others changed."""
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    with running(tmp_path / "state", bills=SOME, service_options=["--visibility", "3"]) as house:
        customer = Customer(house)
        seen = []
        for n in range(KILLS):
            end = time.monotonic() + chance.uniform(*LIVES[n % len(LIVES)])
            before = len(customer.entered())
            people_at_work(customer, chance, n)
            if n % len(LIVES) == 0:
                customer.call("POST", f"/flows/{seed.FLOW}/sync", {})
                await_progress(customer, before)
            time.sleep(max(0, end - time.monotonic(), chance.uniform(0, 0.5)))
            house.processes["service"].kill()
            house.processes["service"].wait()
            seen.append(len(customer.entered()))
            assert house.tend() == ""
        print("bills entered at each death:", seen)
        assert len(set(seen)) >= KILLS // len(LIVES), "the kills came when nothing was going on"
        customer.sync()
        customer.sync()
        assert_books_agree(customer)
        late = [bill for bill in customer.entered() if bill.get("DocNumber", "").startswith("LATE-")]
        assert len(late) == KILLS * LATE


def test_no_order_is_lost_or_doubled_when_the_service_dies_while_the_web_connector_is_at_it(tmp_path: Path) -> None:
    with running(tmp_path / "state", bills=FEW, service_options=["--visibility", "3"]) as house:
        customer = Customer(house)
        customer.call("POST", f"/flows/{seed.DESKTOP_FLOW}/sync", {})
        for _ in range(4):
            before = len(customer.job_costs())
            until(lambda: len(customer.job_costs()) > before)  # noqa: B023 -- called at once
            house.processes["service"].kill()
            house.processes["service"].wait()
            assert house.tend() == ""
        cut_off = [run["code"] for run in house.backstage(PC, "runs") if run["code"] in CUT_OFF]
        assert cut_off, "the kills came when nothing was going on"
        customer.sync(seed.DESKTOP_FLOW)
        customer.sync(seed.DESKTOP_FLOW)
        assert_job_costs_agree(customer, customer.job_costs())
        assert house.backstage(PC, "mistakes") == []


def await_progress(customer: Customer, before: int) -> None:
    """However slow the machine: a long life sees something entered, unless there is nothing to enter."""
    end = time.monotonic() + 10
    while len(customer.entered()) == before and time.monotonic() < end:
        time.sleep(0.1)


def people_at_work(customer: Customer, chance: random.Random, n: int) -> None:
    act = customer.house.backstage
    vendors = [bill["vendor"]["id"] for bill in customer.bills()]  # the first ones are in the books under their names
    changed = [bill for bill in customer.bills() if not bill["invoice_number"].startswith("LATE-")]
    for m in range(LATE):
        amount = str(Decimal(chance.randrange(100, 90_000)) / 100)
        lines = [{"description": "late", "account_code": "5010", "amount": amount}]
        number, day = f"LATE-{n}-{m}", datetime.now(UTC).date().isoformat()
        act("procurify", "add_bill", vendor_id=vendors[m], lines=lines, invoice_number=number, invoice_date=day)
        act("procurify", "edit_bill", uuid=chance.choice(changed)["uuid"], lines=lines, costs=[], note=f"changed {n}")


def test_the_state_is_kept_when_both_end_in_order_and_forgotten_when_either_does_not(tmp_path: Path) -> None:
    with running(tmp_path / "state", bills=FEW) as house:
        customer = Customer(house)
        customer.sync()
        customer.sync(seed.DESKTOP_FLOW)
        records, entered, job_costs = customer.records(), customer.entered(), customer.job_costs()
        assert house.down()
        house.port = 0  # another one: the Web Connector comes along
        house.up()
        assert house.resumed
        assert (customer.records(), customer.entered(), customer.job_costs()) == (records, entered, job_costs)
        customer.sync()
        assert customer.entered() == entered
        assert_books_agree(customer)
        until(lambda: "none" in {run["word"] for run in house.backstage(PC, "runs")})
        customer.sync(seed.DESKTOP_FLOW)
        assert customer.job_costs() == job_costs
        assert_job_costs_agree(customer, job_costs)
        for keeper in KEEPERS:
            assert house.down()
            house.up()
            assert house.resumed
            house.processes[keeper].kill()
            assert until(house.tend) == keeper
            assert not house.down()
            house.up()
            assert not house.resumed
            assert Customer(house).key != customer.key
            assert len(Customer(house).entered()) < len(entered)
            customer = Customer(house)
            customer.sync()
            assert_books_agree(customer)


def test_a_state_that_cannot_be_read_is_not_half_used(tmp_path: Path) -> None:
    with running(tmp_path / "state", bills=FEW) as house:
        key = Customer(house).key
        assert house.down()
        (house.folder / "aws" / "dynamodb.json").write_text("{")
        house.up()
        assert not house.resumed
        assert Customer(house).key != key
        Customer(house).sync()
        assert_books_agree(Customer(house))


# ---------------------------------------------------------------------------------------------- somebody else's systems


@pytest.fixture
def elsewhere() -> Iterator[dict[str, Simulator]]:
    """Other people's servers: `url` of each by name, with a small company of the same people."""
    systems = outside.build()
    servers = {name: listen(system) for name, system in systems.items()}
    for name, system in systems.items():
        system.url = servers[name][1]  # type: ignore[attr-defined]  # only here
    yield systems
    for server, _ in servers.values():
        server.shutdown()
        server.server_close()


def planted(systems: dict[str, Simulator]) -> seed.Seeded:
    return outside.planted(systems, bills=FEW)


def test_a_procurify_given_by_endpoints_is_used_and_no_other(tmp_path: Path, elsewhere: dict[str, Simulator]) -> None:
    planted(elsewhere)
    folder, given = tmp_path / "state", json.dumps({"procurify": elsewhere["procurify"].url})  # type: ignore[attr-defined]
    with command(folder, "--once", MLC_ENDPOINTS=given) as (process, told):
        assert process.wait(timeout=180) == 0, told.read_text()
    text = told.read_text()
    assert f"bills that we read from Procurify ({len(approved(elsewhere['procurify']))})" in text
    assert "the books of procurify were not checked" in text
    assert set(json.loads((folder / "urls.json").read_text())) == EVERY - {"procurify"}  # ours was not even started
    assert any("/bills/" in call for call in elsewhere["procurify"].faults.calls)
    assert elsewhere["procurify"].our_mistakes == []
    assert elsewhere["quickbooks_online"].faults.calls == []


def approved(procurify: Simulator) -> list[dict[str, Any]]:
    assert isinstance(procurify, ProcurifySimulator)
    return [bill for bill in procurify.backstage_snapshot("bills") if bill["status"] == 2]


def test_a_quickbooks_online_given_by_endpoints_is_used_and_no_other(
    tmp_path: Path, elsewhere: dict[str, Simulator]
) -> None:
    seeded = planted(elsewhere)
    books = elsewhere["quickbooks_online"]
    assert isinstance(books, QuickBooksOnlineSimulator)
    books.backstage_disconnect(seed.REALM)  # what the seed's configuration holds is worth nothing there
    url = books.url  # type: ignore[attr-defined]
    with running(tmp_path / "state", given={"quickbooks_online": {"api": url, "oauth": url}}, bills=FEW) as house:
        assert house.trouble.startswith(f"The flow {seed.FLOW} is not started.")
        assert set(house.urls) == EVERY - {"quickbooks_online"}
        customer = Customer(house)
        customer.sync(seed.DESKTOP_FLOW)  # what one of the books lacks is no matter of the other
        assert_job_costs_agree(customer, customer.job_costs())
        config = seeded.config
        grant = books.backstage_grant(seed.REALM)
        config["connections"]["books"]["credentials"]["refresh_token"] = grant["refresh_token"]
        customer.call("POST", "/apply", {"config": config})
        assert house.start_flow(customer.key, seed.FLOW) == ""
        until(lambda: ran_through(customer), patience=3 * PATIENCE)
        entered = ours(books.backstage_ledger(seed.REALM)["bills"])
        moved = [record for record in customer.records() if record["state"] == "done"]
        assert len(entered) == len(moved) > 10
        assert total(entered, "TotalAmt") == total(moved, "amount")
    assert books.our_mistakes == []
    assert elsewhere["procurify"].faults.calls == []


def ran_through(customer: Customer) -> bool:
    """Run the flow once more; False for a run that had begun with the old credentials and stopped."""
    customer.call("POST", f"/flows/{seed.FLOW}/sync", {})
    until(lambda: customer.house.tend() == "" and customer.latest()["quiet"], patience=2 * PATIENCE, every=RARELY)
    return bool(customer.latest()["state"] == "finished")


def test_where_our_web_connector_is_left_out_any_other_may_call(
    tmp_path: Path, elsewhere: dict[str, Simulator]
) -> None:
    planted(elsewhere)
    pc = elsewhere[PC]
    assert isinstance(pc, QuickBooksDesktopSimulator)
    with running(tmp_path / "state", given={PC: None}, bills=FEW) as house:
        assert (house.trouble, set(house.urls)) == ("", EVERY - {PC})
        customer = Customer(house)
        customer.sync(seed.DESKTOP_FLOW)
        latest = customer.latest(seed.DESKTOP_FLOW)
        assert latest["outbox"] > 0
        assert latest["last_seen"] is None
        made = customer.call("POST", f"/connections/{seed.JOB_COSTS}/qwc", {})
        user = pc.backstage_add_application(made["file"], made["password"])
        until(lambda: pc.cycle(user).word == "none" and customer.latest(seed.DESKTOP_FLOW)["quiet"])
        assert_job_costs_agree(customer, marked(pc.backstage_ledger()["Bill"]))
    assert pc.our_mistakes == []


def test_what_waits_for_a_web_connector_that_nobody_has_is_said_and_is_no_success(tmp_path: Path) -> None:
    with command(tmp_path / "state", "--once", MLC_ENDPOINTS=json.dumps({PC: None})) as (process, told):
        assert process.wait(timeout=180) == 1, told.read_text()
    text = told.read_text()
    assert re.search(r"\d+ of them wait for a Web Connector, which has not called yet", text)
    assert "What can be seen agrees to the cent; the books of quickbooks_desktop were not checked." in text
    assert "on their way (" in text


def test_a_flow_whose_system_is_left_out_is_not_set_up_and_the_other_one_runs(tmp_path: Path) -> None:
    with running(tmp_path / "state", given={"quickbooks_online": None}, bills=FEW) as house:
        assert house.trouble == f"MLC_ENDPOINTS leaves out quickbooks_online: {seed.FLOW} is not set up."
        customer = Customer(house)
        there = [flow["name"] for flow in customer.call("GET", "/flows")["items"]]
        assert there == [seed.DESKTOP_FLOW]
        customer.sync(seed.DESKTOP_FLOW)
        assert_job_costs_agree(customer, customer.job_costs())


def test_without_simulators_there_is_a_tenant_and_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path / "state", simulate=False) as house:
        customer = Customer(house)
        assert house.urls == {}
        assert "outside" not in house.processes
        assert customer.call("GET", "/flows")["items"] == []
        assert customer.call("GET", "/connections")["items"] == []


# ---------------------------------------------------------------------------------------------- the simulators' sockets


def test_a_simulators_connection_stays_open_and_its_answers_come_in_one_piece(
    elsewhere: dict[str, Simulator],
) -> None:
    url = urlsplit(elsewhere["procurify"].url)  # type: ignore[attr-defined]
    asked = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=5) as raw:
        for _ in range(20):
            raw.sendall(asked)
            answer = raw.recv(65536)
            assert answer.startswith(b"HTTP/1.1 400")
            assert answer.endswith(b"}")
    kept = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
    with closing(kept):
        for body in (b"not read by anybody", b""):
            kept.request("POST", "/nowhere", body=body)
            used = kept.sock
            kept.getresponse().read()
            assert kept.sock is used is not None


def test_a_free_port_is_below_those_of_outgoing_connections() -> None:
    assert all(15_000 <= free_port() < 32_000 for _ in range(20))
