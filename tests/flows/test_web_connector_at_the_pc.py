"""What stands in the way at the PC is told in words a bookkeeper understands, and it goes on by itself when mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.systems.quickbooks_desktop.app import DEFAULT_PATH
from tests.flows.at_the_pc import Office

HARD_WORDS = ("error", "exception", "hresult", "0x", "ticket", "fileid", "null", "none", "traceback")
ELSEWHERE = "D:\\Books\\Acme.qbw"


def working_office() -> tuple[Office, dict[str, Any]]:
    office = Office()
    vendor = office.vendor("Northwind Paper Co")
    office.order(vendor, "10.00")
    office.cycle()
    assert len(office.ours()) == 1
    return office, vendor


def app_name(office: Office) -> str:
    return office.pc.connector.added[office.user].settings.app_name


def is_plain(words: str) -> bool:
    return len(words) > 20 and not any(hard in words.lower() for hard in HARD_WORDS)


def refused(office: Office, *, runs: int = 1) -> str:
    """Runs in which nothing is written; what the last of them says at the PC."""
    before = [len(company.entries) for company in office.pc.desk.files.values()]
    for _ in range(runs):
        run = office.call()
        office.world.until_quiet()
        office.world.clock.advance(15 * 60)
    assert not [text for text in run.requests if "Add" in text or "Mod" in text]
    assert [len(company.entries) for company in office.pc.desk.files.values()] == before
    return str(run.status)


def goes_on(office: Office, vendor: dict[str, Any], bills: int) -> None:
    """Two runs after it was put right everything that waited is there, and the connection is well."""
    office.poll()
    office.calls(3)
    assert len(office.ours()) == bills
    assert (office.health().state, office.desk().trouble) == ("ok", "")
    office.assert_no_mistakes()


# ---------------------------------------------------------------------------------------------- another company file


def another_file(office: Office) -> None:
    office.pc.backstage_add_file(ELSEWHERE, "Other books")
    office.pc.backstage_open_file(ELSEWHERE)
    office.pc.backstage_allow(app_name(office), ELSEWHERE)


def test_another_company_file_is_never_written_to_and_the_right_one_goes_on() -> None:
    office, vendor = working_office()
    office.order(vendor, "20.00")
    office.poll()
    another_file(office)
    words = refused(office, runs=3)
    assert "Another company file" in office.desk().trouble, words
    assert len(office.notices("Another company file")) == 1
    assert is_plain(office.health().message)
    office.pc.backstage_open_file(DEFAULT_PATH)
    goes_on(office, vendor, 2)


def test_the_file_of_another_connection_is_refused_naming_both() -> None:
    office = Office()
    other = Office(tenant="zenith", world=office.world)
    vendor = office.vendor("Northwind Paper Co")
    office.order(vendor, "10.00")
    office.poll()
    theirs = other.pc.company()
    office.pc.desk.files[theirs.path] = theirs
    office.pc.desk.opened = theirs.path
    office.pc.backstage_allow(app_name(office), theirs.path)
    words = refused(office)
    assert is_plain(words), words
    assert "zenith books" in words
    assert "another connection" in words
    assert office.health().state == "locked_out"
    assert len(office.notices("another connection")) == 1
    refused(office, runs=2)
    assert len(office.notices("another connection")) == 1
    assert office.connection.pinned is None


def without_its_mark(office: Office) -> None:
    """The company file carries no FileID: somebody removed what the Web Connector wrote, or it is a copy."""
    office.pc.company().extensions.clear()


def test_a_file_that_carries_no_mark_is_known_by_its_name_and_place() -> None:
    office, vendor = working_office()
    without_its_mark(office)
    office.order(vendor, "20.00")
    office.cycle(calls=3)
    assert len(office.ours()) == 2
    office.pc.company().name = "Somebody else's books"
    office.order(vendor, "30.00")
    office.poll()
    words = refused(office)
    assert "Somebody else's books" in words
    assert "acme books" in words
    assert is_plain(words)
    assert office.health().state == "locked_out"
    office.pc.company().name = "acme books"
    office.world.clock.advance(15 * 60)
    goes_on(office, vendor, 3)


@pytest.mark.parametrize("marked", [True, False])
def test_a_file_that_was_moved_is_refused_with_the_way_out_and_taken_once_it_is_said(marked: bool) -> None:
    office, vendor = working_office()
    company = office.pc.desk.files.pop(DEFAULT_PATH)
    company.path = ELSEWHERE
    office.pc.desk.files[ELSEWHERE], office.pc.desk.opened = company, ELSEWHERE
    if not marked:
        without_its_mark(office)
    office.order(vendor, "20.00")
    office.poll()
    words = refused(office, runs=3)
    shown = f"{words} {office.desk().trouble}"
    assert "--moved" in shown, shown
    assert DEFAULT_PATH in shown
    office.ask("POST", "/connections/books/qwc", {"moved": True})
    goes_on(office, vendor, 2)
    assert office.desk().file == ELSEWHERE


def test_a_copy_on_a_second_pc_is_refused_while_the_first_goes_on() -> None:
    office, vendor = working_office()
    second = Office(tenant="second", world=office.world).pc
    added = next(iter(office.pc.connector.added.values()))
    copied = type(office.pc.company()).from_dump(office.pc.company().dump())
    copied.path = ELSEWHERE
    second.desk.files[ELSEWHERE], second.desk.opened = copied, ELSEWHERE
    second.connector.added[office.user] = added
    second.connector.transport = office.pc.connector.transport
    office.order(vendor, "20.00")
    office.poll()
    run = second.cycle(office.user)
    assert not [text for text in run.requests if "Add" in text]
    office.world.clock.advance(15 * 60)
    goes_on(office, vendor, 2)
    assert len([entry for entry in copied.entries.values() if entry.kind == "Bill"]) == 1


# ---------------------------------------------------------------------------------------------- QuickBooks itself


def test_a_quickbooks_that_is_too_old_is_told_and_one_that_is_old_is_spoken_to_in_its_own_version() -> None:
    for version, bills in (("6.0", 0), ("10.0", 1), ("12.0", 1)):
        office = Office()
        office.pc.backstage_set_highest_version(version)
        office.order(office.vendor("Northwind Paper Co"))
        office.cycle()
        office.cycle()
        said = office.desk().trouble
        assert len(office.ours()) == bills, (version, said)
        if not bills:
            assert is_plain(said), said
            assert "Update QuickBooks" in said
            office.pc.backstage_set_highest_version("13.0")
            office.world.clock.advance(15 * 60)
            goes_on(office, {}, 1)
        else:
            assert all(f'<?qbxml version="{version}"?>' in text for text in office.writes())
        office.assert_no_mistakes()


@pytest.mark.parametrize("when", ["before"])
@pytest.mark.parametrize("match", ["BillAddRq", "BillQueryRq", "VendorQueryRq"])
def test_a_version_that_is_refused_in_the_middle_is_lowered_and_everything_goes(when: str, match: str) -> None:
    office = Office()
    office.order(office.vendor("Northwind Paper Co"))
    office.pc.backstage_trouble("0x80040423", when, match)
    office.cycle()
    office.cycle()
    assert len(office.ours()) == 1
    office.assert_no_mistakes()


def test_a_web_connector_whose_own_first_questions_fail_is_asked_by_us() -> None:
    office = Office()
    office.pc.backstage_switch("company_query_fails", True)
    order = office.order(office.vendor("Northwind Paper Co"))
    office.cycle()
    office.assert_once([order])
    assert office.connection.pinned is not None
    another_file(office)
    office.pc.desk.files[ELSEWHERE].extensions.append(
        {**office.pc.desk.files[DEFAULT_PATH].extensions[-1], "DataExtValue": "{00000000-0000-4000-8000-000000000000}"}
    )
    office.ask("POST", "/connections/books/qwc", {"moved": True})
    office.order(office.procurify.backstage_add_vendor(name="Northwind Paper Co"), "20.00")
    office.poll()
    words = refused(office)
    assert "another connection" in words, words
    office.assert_no_mistakes()


Act = Callable[[Office], object]
IN_THE_WAY: dict[str, tuple[Act, Act, str]] = {
    "a window is open": (
        lambda o: o.pc.backstage_set_desk(dialog=True),
        lambda o: o.pc.backstage_set_desk(dialog=False),
        "window",
    ),
    "it is still starting": (
        lambda o: o.pc.backstage_set_desk(starting=True),
        lambda o: o.pc.backstage_set_desk(starting=False),
        "starting",
    ),
    "somebody has it alone": (
        lambda o: o.pc.backstage_set_desk(single_user=True),
        lambda o: o.pc.backstage_set_desk(single_user=False),
        "single-user",
    ),
    "it cannot be started": (
        lambda o: o.pc.backstage_trouble("0x80040408", times=1000),
        lambda o: o.pc.desk.troubles.clear(),
        "same Windows user",
    ),
    "it is not allowed in": (
        lambda o: o.pc.company().allowed.clear(),
        lambda o: o.pc.backstage_allow(app_name(o)),
        "Integrated Applications",
    ),
    "nobody knows": (
        lambda o: o.pc.backstage_trouble("0x8004DEAD", times=1000),
        lambda o: o.pc.desk.troubles.clear(),
        "tried again",
    ),
}


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_keeps_quickbooks_shut_is_told_once_costs_no_record_a_try_and_passes(what: str) -> None:
    shut, mended, words = IN_THE_WAY[what]
    office, vendor = working_office()
    order = office.order(vendor, "20.00")
    office.poll()
    shut(office)
    for _ in range(8):
        refused(office)
        office.poll()
    told = office.desk().trouble
    assert words in told
    assert is_plain(told), told
    head = office.head(order)
    assert (head.state, head.attempts) == ("waiting", 0)
    assert office.health().state == "locked_out"
    assert len([each for each in office.world.notices.published if "needs you" in str(each)]) == 1
    sight = next(each for each in office.ask("GET", "/connections")["items"] if each["name"] == "books")
    assert words in str(sight)
    mended(office)
    goes_on(office, vendor, 2)


def test_one_bad_run_is_nobodys_business_yet_and_is_forgotten_after_a_good_one() -> None:
    office, vendor = working_office()
    for n in range(4):
        office.order(vendor, f"{n + 20}.00")
        office.poll()
        office.pc.backstage_set_desk(dialog=True)
        office.call()
        office.call()
        office.pc.backstage_set_desk(dialog=False)
        office.calls(2)
    assert not office.notices("needs you")
    assert len(office.ours()) == 5


def test_a_trouble_that_is_told_twice_counts_once() -> None:
    office, vendor = working_office()
    office.order(vendor, "20.00")
    office.poll()
    office.pc.backstage_set_desk(dialog=True)
    for _ in range(2):
        office.pc.backstage_mishap("twice", "connectionError")
        office.call()
        office.pc.connector.mishaps.clear()
    assert office.desk().troubles == 2
    assert not office.notices("needs you")


def test_quickbooks_that_was_closed_is_started_with_the_right_file() -> None:
    office, vendor = working_office()
    office.pc.backstage_quit()
    office.order(vendor, "20.00")
    office.cycle()
    assert office.pc.desk.opened == DEFAULT_PATH
    assert len(office.ours()) == 2
    office.assert_no_mistakes()
