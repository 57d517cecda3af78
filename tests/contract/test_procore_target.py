"""The Procore target keeps the promises of the port `Target` against the simulated vendor, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

import pytest

from chalicelib.engine.errors import Held, LockedOut, TryAgain, Unknown
from chalicelib.engine.merge import stands
from chalicelib.engine.records import Done
from chalicelib.systems.procore import SYSTEM
from chalicelib.systems.procore.drafts import vendor_draft
from simulator.faults import Kind
from tests.contract.procore_over_sockets import COMPANY, VENDOR, Builder, Socket, a_socket, intent
from tests.unit.systems.procore_desk import careful

KINDS = ("vendor", "project_vendor", "requisition", "direct_cost", "contract_payment")
# Where each is made, and where it stands afterwards.
MADE_AT = {
    "vendor": "PATCH /rest/v1.0/vendors/sync",
    "project_vendor": "/actions/add",
    "requisition": "POST /rest/v1.1/requisitions",
    "direct_cost": "POST /rest/v1.1/projects",
    "contract_payment": "POST /rest/v1.0/contract_payments",
}
TABLES = {"requisition": "requisitions", "direct_cost": "direct_costs", "contract_payment": "payments"}
# What one fault on a create amounts to, and whether the record stands there afterwards.
OUTCOMES: dict[str, tuple[type[object], bool]] = {
    "drop_before": (Unknown, False),
    "drop_after": (Unknown, True),
    "delay": (Unknown, False),
    "delay_after": (Unknown, True),
    "malformed": (Unknown, True),
    "html": (Unknown, False),
    "html_after": (Unknown, True),
    "throttle": (TryAgain, False),
    "server_fault": (Unknown, False),
    "expire_token": (Done, True),
}


@pytest.fixture(scope="module")
def socket() -> Iterator[Socket]:
    with a_socket() as found:
        yield found


@pytest.fixture
def builder(socket: Socket) -> Iterator[Builder]:
    made = socket.builder()
    yield made
    made.check()


# ---------------------------------------------------------------------------------------------- every failure


def test_every_kind_of_fault_is_here() -> None:
    assert set(OUTCOMES) == set(get_args(Kind))


@pytest.mark.parametrize("fault", OUTCOMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_create_has_the_right_outcome_and_is_found_by_our_mark(builder: Builder, kind: str, fault: Kind) -> None:
    draft = builder.drafts()[kind]
    builder.sim.faults.plan(fault, MADE_AT[kind])

    (outcome,) = builder.perform(intent(draft))

    expected, there = OUTCOMES[fault]
    assert type(outcome) is expected, outcome
    builder.clock.advance(120)
    sighting = builder.look(draft)
    assert (len(sighting.ours), len(sighting.twins)) == (there, 0)
    if not there:
        builder.made(draft)
        sighting = builder.look(draft)
    (found,) = sighting.ours
    assert stands(found, draft.body)
    assert builder.standing(kind, found.id).body == found.body


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_made_stands_there_with_the_total_that_was_sent(builder: Builder, kind: str) -> None:
    draft = builder.drafts()[kind]
    made = builder.made(draft)
    assert made.money == draft.money
    assert stands(made.current, draft.body)
    assert builder.standing(kind, made.current.id).body == made.current.body
    assert (
        builder.target.read(kind, made.current.id.rpartition("/")[0] + "/999" if "/" in made.current.id else "9")
        is None
    )


@pytest.mark.parametrize("fault", [fault for fault in OUTCOMES if fault != "expire_token"])
@pytest.mark.parametrize("call", ["look", "read", "references", "dated", "company"])
def test_a_read_that_fails_says_try_again_and_then_works(builder: Builder, call: str, fault: Kind) -> None:
    draft = builder.direct_cost()
    made = builder.made(draft)
    calls: dict[str, Any] = {
        "look": lambda: builder.look(draft).ours,
        "read": lambda: builder.target.read("direct_cost", made.current.id),
        "references": lambda: builder.target.references("wbs_code"),
        "dated": lambda: builder.target.dated("direct_cost", date(2026, 1, 1), date(2026, 12, 31), token=None).rows,
        "company": lambda: SYSTEM.door(builder.line).company(),
    }
    builder.sim.faults.plan(fault, "GET /rest/")
    with pytest.raises(TryAgain) as again:
        calls[call]()
    assert not again.value.counts
    careful(again.value)
    builder.clock.advance(120)
    assert calls[call]()


@pytest.mark.parametrize("fault", ["drop_after", "html_after", "malformed"])
@pytest.mark.parametrize("kind", TABLES)
def test_a_delete_whose_answer_was_lost_is_done_when_it_is_asked_for_again(
    builder: Builder, kind: str, fault: Kind
) -> None:
    draft = builder.drafts()[kind]
    made = builder.made(draft)
    wanted = builder.changed(draft, made, op="delete")
    # A payment is locked by our own id: it is unlocked between its first and its second try.
    builder.sim.faults.plan(fault, "DELETE /rest/", skip=int(kind == "contract_payment"))
    (outcome,) = builder.perform(wanted)
    assert isinstance(outcome, Unknown)
    assert builder.target.read(kind, made.current.id) is None
    assert "gone already" in " ".join(builder.done(wanted).notes)


# ---------------------------------------------------------------------------------------------- access


def test_access_that_ran_out_is_asked_for_once_and_the_call_repeated(builder: Builder) -> None:
    builder.made(builder.direct_cost())
    before = len(builder.calls("POST /oauth/token"))
    builder.sim.backstage_expire_tokens()
    assert builder.look(builder.direct_cost()).ours
    assert len(builder.calls("POST /oauth/token")) == before + 1


def test_access_is_asked_for_anew_before_its_ninety_minutes_are_over(builder: Builder) -> None:
    builder.listed("project")
    builder.clock.advance(5400 - 200)
    builder.listed("project")
    assert len(builder.calls("POST /oauth/token")) == 2
    assert len(builder.calls("GET /rest/v1.1/projects")) == 2


def test_credentials_that_are_no_longer_known_lock_the_connection_out(builder: Builder) -> None:
    builder.sim.backstage_remove_credentials("app-client")
    with pytest.raises(LockedOut) as out:
        builder.listed("project")
    careful(out.value)


def test_a_company_that_took_the_app_out_locks_the_connection_out(builder: Builder) -> None:
    builder.listed("project")
    builder.sim.backstage_disconnect_app(COMPANY)
    (outcome,) = builder.perform(intent(builder.direct_cost()))
    assert isinstance(outcome, LockedOut) and "no longer lets the app in" in outcome.message
    builder.sim.backstage_connect_app(COMPANY)
    builder.made(builder.direct_cost())


def test_the_company_behind_the_credentials_is_named(builder: Builder) -> None:
    company = SYSTEM.door(builder.line).company()
    assert (company.id, company.name) == (str(COMPANY), "Harborline Builders")


# ---------------------------------------------------------------------------------------------- throttles


@pytest.mark.parametrize(
    "windows",
    [
        {"spike_limit": 4},
        {"hourly_limit": 40},
        {"spike_limit": 6, "hourly_limit": 60},
        {"spike_limit": 3, "retry_after": 25},
    ],
    ids=["ten seconds", "an hour", "both", "named in the answer"],
)
def test_a_storm_of_throttles_loses_nothing_and_repeats_nothing(socket: Socket, windows: dict[str, int]) -> None:
    builder = socket.builder(**windows)
    waiting = [intent(builder.direct_cost(number=f"S-{n}"), source_id=str(n)) for n in range(25)]
    rounds = 0
    while waiting:
        rounds += 1
        assert rounds < 200
        still, longest = [], 0.0
        for wanted, outcome in zip(waiting, builder.perform(*waiting), strict=True):
            if isinstance(outcome, Done):
                continue
            still.append(wanted)
            if isinstance(outcome, Unknown):  # the cost was made, and only its reading back was throttled
                builder.clock.advance(3700)
                if builder.target.look([wanted])[0].ours:
                    still.pop()
            else:
                assert isinstance(outcome, TryAgain) and not outcome.counts, outcome
                longest = max(longest, outcome.after or 0.0)
        waiting = still
        builder.clock.advance(longest)
    numbers = sorted(cost["invoice_number"] for cost in builder.ledger("direct_costs"))
    assert numbers == sorted(f"S-{n}" for n in range(25))
    builder.check()


def test_a_busy_platform_is_waited_out(builder: Builder) -> None:
    builder.listed("project")
    builder.sim.backstage_be_busy(1, 30)
    (outcome,) = builder.perform(intent(builder.direct_cost()))
    assert isinstance(outcome, TryAgain) and not outcome.counts and (outcome.after or 0) >= 30
    calls = len(builder.calls(""))
    (second,) = builder.perform(intent(builder.direct_cost()))
    assert isinstance(second, TryAgain) and len(builder.calls("")) == calls, "nobody calls before it is over"
    builder.clock.advance(32)
    builder.made(builder.direct_cost())


def test_somebody_else_at_work_on_a_direct_cost_is_tried_again(builder: Builder) -> None:
    builder.sim.backstage_conflict()
    (outcome,) = builder.perform(intent(builder.direct_cost()))
    assert isinstance(outcome, TryAgain) and outcome.counts
    builder.made(builder.direct_cost())
    assert len(builder.ledger("direct_costs")) == 1


def test_a_list_that_takes_too_long_is_read_in_smaller_pages(builder: Builder) -> None:
    for n in range(60):
        builder.sim.backstage_add_vendor(COMPANY, f"Vendor {n}")
    builder.sim.backstage_switch("slow_over", 30)
    assert len(builder.listed("vendor")) == 61


def test_a_list_of_many_pages_is_read_whole(builder: Builder) -> None:
    for n in range(230):
        builder.sim.backstage_add_vendor(COMPANY, f"Vendor {n}")
    assert len({one.id for one in builder.listed("vendor")}) == 231


# ---------------------------------------------------------------------------------------------- vendors


def a_vendor(name: str, **changes: Any) -> Any:
    return vendor_draft(name=name, **changes)


def test_vendors_go_in_one_call_and_a_bad_one_stops_no_other(builder: Builder) -> None:
    drafts = [a_vendor(f"Vendor {n}", state="OR", country="US", code=f"QB-{n}") for n in range(3)]
    intents = [intent(draft, source_id=str(n)) for n, draft in enumerate(drafts)]
    intents[1].body["state"] = "ZZ"
    outcomes = builder.perform(*intents)
    assert [type(outcome) for outcome in outcomes] == [Done, Held, Done]
    assert len(builder.calls("PATCH /rest/v1.0/vendors/sync")) == 1
    stored = {row["name"]: row for row in builder.ledger("vendors")}
    assert stored["Vendor 0"]["origin_id"] == "mlc:books:bill:0" and stored["Vendor 2"]["origin_code"] == "QB-2"


def test_a_changed_vendor_keeps_what_is_not_ours_and_a_deleted_one_goes_inactive(builder: Builder) -> None:
    draft = a_vendor("Northshore Supply", email="ap@northshore.example", city="Portland")
    made = builder.made(draft)
    builder.sim.backstage_edit_vendor(COMPANY, int(made.current.id), website="https://northshore.example")
    later = a_vendor("Northshore Supply Inc", email="ap@northshore.example")
    builder.done(builder.changed(later, made))
    (row,) = [row for row in builder.ledger("vendors") if row["id"] == int(made.current.id)]
    assert (row["name"], row["city"]) == ("Northshore Supply Inc", "Portland")
    assert row["website"] == "https://northshore.example" and row["origin_id"] == "mlc:books:bill:145"

    builder.done(builder.changed(later, made, op="delete"))
    assert [one.active for one in builder.listed("vendor") if one.id == made.current.id] == [False]


def test_a_vendor_that_somebody_entered_is_a_twin(builder: Builder) -> None:
    sighting = builder.look(a_vendor(VENDOR.upper()))
    assert [one.id for one in sighting.twins] == [builder.company_vendor] and not sighting.ours


def test_a_customer_whose_origin_ids_belong_to_another_program_gets_vendors_without_them(builder: Builder) -> None:
    assert [one.name for one in builder.listed("preference")] == ["false"]
    builder.sim.backstage_link(COMPANY, "vendors", int(builder.company_vendor), "sage:77")
    assert [one.name for one in builder.listed("preference")] == ["true"]
    made = builder.made(a_vendor("Northshore Supply", lock=False))
    assert builder.look(a_vendor("Northshore Supply", lock=False)).ours
    (row,) = [row for row in builder.ledger("vendors") if row["id"] == int(made.current.id)]
    assert (row["origin_id"], row["origin_data"]) == (None, "[mlc:books:bill:145]")


def test_a_vendor_on_a_project_has_another_id_there_and_stays(builder: Builder) -> None:
    company_vendor = str(builder.sim.backstage_add_vendor(COMPANY, "Northshore Supply", origin_code="QB-9")["id"])
    draft = builder.project_vendor(company_vendor, "Northshore Supply", "QB-9")
    assert not builder.look(draft).ours
    made = builder.made(draft)
    own = made.current.id.rpartition("/")[2]
    assert own != company_vendor
    assert [row["id"] for row in builder.sim.backstage_rows(COMPANY, "project_vendors")][-1] == int(own)
    assert [one.id for one in builder.look(draft).ours] == [made.current.id]
    assert builder.held(builder.changed(draft, made, op="delete")).reason == "target_locked"


def test_two_vendors_of_one_name_on_a_project_are_a_persons_to_tell_apart(builder: Builder) -> None:
    first, _ = builder.add_vendor("Northshore Supply")
    builder.add_vendor("Northshore Supply, Inc.")
    sighting = builder.look(builder.project_vendor(first, "Northshore Supply"))
    assert len(sighting.twins) == 2 and not sighting.ours
