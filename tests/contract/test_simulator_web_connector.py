"""The simulated Web Connector: its calls in their order, what ends an update, and what goes wrong on the way."""

from __future__ import annotations

import pytest
from lxml import etree
from werkzeug.test import Client
from werkzeug.wrappers import Response

from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_desktop.transport import over_http, to_handler
from simulator.systems.serving import listen
from tests.contract.quickbooks_desktop_desk import Clock, document
from tests.contract.web_connector_service import FILE_ID, Office, Service, qwc

QUERY = document('<VendorQueryRq requestID="q"><ActiveStatus>All</ActiveStatus></VendorQueryRq>')
ADD = document('<VendorAddRq requestID="v"><VendorAdd><Name>Bayside &amp; Sons</Name></VendorAdd></VendorAddRq>')
PLAIN = ["serverVersion", "clientVersion", "authenticate"]
ROUND = ["sendRequestXML", "receiveResponseXML"]


@pytest.fixture
def office() -> Office:
    return Office()


def test_an_update_makes_its_calls_in_the_order_of_the_real_one(office: Office) -> None:
    run = office.run(ADD, QUERY)
    assert office.service.methods() == [*PLAIN, *ROUND, *ROUND, "closeConnection"]
    assert (run.status, run.code, run.percents) == ("OK", "", [50, 100])
    assert office.vendors() == ["Bayside & Sons"]
    answers = office.service.received()
    assert [(each["hresult"], each["message"]) for each in answers] == [("", ""), ("", "")]
    assert etree.fromstring(answers[1]["response"].encode()).findtext(".//Name") == "Bayside & Sons"
    assert office.mistakes() == []


def test_only_the_first_question_of_an_update_tells_of_the_company_and_whose_file_it_is(office: Office) -> None:
    office.run(QUERY, QUERY)
    asked = [values for method, values in office.service.heard if method == "sendRequestXML"]
    about = etree.fromstring(asked[0]["strHCPResponse"].encode())[0]
    assert [each.tag for each in about] == ["HostQueryRs", "CompanyQueryRs", "PreferencesQueryRs"]
    marks = {each.findtext("DataExtName"): each.findtext("DataExtValue") for each in about.iter("DataExtRet")}
    assert marks["FileID"] == FILE_ID
    assert asked[1]["strHCPResponse"] == ""
    path = office.pc.desk.opened
    assert [(each["strCompanyFileName"], each["qbXMLCountry"], each["qbXMLMajorVers"]) for each in asked] == [
        (path, "US", "13")
    ] * 2


@pytest.mark.parametrize("way", ["function", "socket"])
def test_the_same_update_runs_over_a_function_and_over_real_http(way: str) -> None:
    service = Service()
    server, url = listen(service)
    transport = to_handler(service.handle) if way == "function" else over_http(5)
    pc = QuickBooksDesktopSimulator(clock=Clock(), transport=transport)
    user = pc.backstage_add_application(qwc(url.replace("127.0.0.1", "localhost")), "secret")
    service.work = [ADD]
    run = pc.cycle(user)
    server.shutdown()
    server.server_close()
    assert run.status == "OK"
    assert service.methods() == [*PLAIN, *ROUND, "closeConnection"]


def test_the_older_style_of_envelope_works_as_well() -> None:
    office = Office(style="RPC")
    assert office.run(ADD).status == "OK"
    assert office.vendors() == ["Bayside & Sons"]


@pytest.mark.parametrize(
    ("answer", "word", "code"),
    [(["t", "none"], "none", ""), (["", "NVU"], "nvu", "QBWC1012"), (["t", "busy"], "busy", "")],
)
def test_no_work_no_user_and_busy_end_the_update_before_quickbooks_is_opened(
    office: Office, answer: list[str], word: str, code: str
) -> None:
    office.service.says["authenticate"] = answer
    office.pc.backstage_trouble("0x80040408", times=9)
    run = office.run(QUERY)
    assert (run.word, run.code, office.service.methods()) == (word, code, PLAIN)
    office.pc.backstage_set_password(office.user, "wrong")
    del office.service.says["authenticate"]
    assert office.run().word == "nvu"


def test_the_schedule_is_the_users_unless_the_service_asks_for_later(office: Office) -> None:
    office.pc.backstage_set_schedule(office.user, 60)
    assert len(office.pc.connector.run_due()) == 1
    assert office.pc.connector.run_due() == []
    office.clock.pass_(seconds=60)
    office.service.says["authenticate"] = ["t", "", "600"]
    assert office.pc.connector.run_due()[0].status == "Update postponed by application"
    office.clock.pass_(seconds=599)
    assert office.pc.connector.run_due() == []
    office.clock.pass_(seconds=1)
    office.service.says["authenticate"] = ["t", "none", "", "300"]
    assert [run.word for run in office.pc.connector.run_due()] == ["none"]
    office.clock.pass_(seconds=299)
    assert office.pc.connector.run_due() == []
    office.pc.backstage_sleep(7 * 86_400)
    office.clock.pass_(days=6)
    assert office.pc.connector.run_due() == [] and office.run().word == "asleep"
    office.clock.pass_(days=1)
    assert len(office.pc.connector.run_due()) == 1


def test_a_set_that_quickbooks_cannot_read_is_told_by_its_hresult_and_the_update_goes_on(office: Office) -> None:
    run = office.run(QUERY.replace("ActiveStatus", "Active"), ADD)
    first = office.service.received()[0]
    assert (first["response"], first["hresult"]) == ("", "0x80040400")
    assert (run.status, office.vendors()) == ("OK", ["Bayside & Sons"])
    assert len(office.mistakes()) == 1


def test_a_negative_answer_ends_the_update_with_our_words(office: Office) -> None:
    office.service.says |= {"receiveResponseXML": -1, "getLastError": "Wrong company file"}
    run = office.run(QUERY, QUERY)
    assert office.service.methods() == [*PLAIN, *ROUND, "getLastError", "closeConnection"]
    assert (run.status, run.code) == ("Wrong company file", "QBWC1031")


def test_an_empty_question_shows_our_words_and_noop_waits_and_asks_again(office: Office) -> None:
    office.service.says["authenticate"] = ["t", ""]
    assert office.run().status == "No more work"
    office.service.says["getLastError"] = "NoOp"
    office.service.on = lambda method: office.service.work.extend([QUERY] if method == "getLastError" else [])
    run = office.run()
    assert office.service.methods() == [*PLAIN, "sendRequestXML", "getLastError", *ROUND, "closeConnection"]
    assert (run.status, office.pauses) == ("OK", [5.0])


def test_another_company_file_is_never_written_to(office: Office) -> None:
    mine = office.pc.desk.opened
    office.service.says["authenticate"] = ["t", mine.upper()]
    assert office.run(ADD).status == "OK"
    office.pc.backstage_add_file("C:\\Other.qbw", "Other")
    office.pc.backstage_open_file("C:\\Other.qbw")
    office.service.says["connectionError"] = "done"
    run = office.run(ADD)
    said = office.service.heard[3]
    assert (said[0], said[1]["hresult"]) == ("connectionError", "0x8004040A")
    assert (run.code, office.service.methods()[-1]) == ("QBWC1013", "closeConnection")
    assert office.vendors() == []


def test_quickbooks_is_started_for_a_path_and_not_without_one(office: Office) -> None:
    mine = office.pc.desk.opened
    office.pc.backstage_quit()
    office.service.says["connectionError"] = mine
    assert office.run(ADD).status == "OK"
    assert office.service.heard[3][1]["hresult"] == "0x80040416"
    office.pc.backstage_close_file()
    office.service.says["connectionError"] = "done"
    office.run(ADD)
    assert office.service.heard[3][1]["hresult"] == "0x80040417"


@pytest.mark.parametrize(
    ("state", "hresult"), [("dialog", "0x80040414"), ("starting", "0x80040424"), ("single_user", "0x80040410")]
)
def test_what_stands_in_the_way_is_told_and_passes(office: Office, state: str, hresult: str) -> None:
    office.service.says["connectionError"] = "done"
    office.pc.backstage_set_desk(**{state: True})
    office.run(ADD)
    assert office.service.heard[3][1]["hresult"] == hresult
    office.pc.backstage_set_desk(**{state: False})
    assert office.run().status == "OK"


def test_an_application_that_was_not_let_in_cannot_open_the_file(office: Office) -> None:
    office.service.says["connectionError"] = "done"
    office.pc.backstage_forbid("ML Connector")
    office.run(ADD)
    assert office.service.heard[3][1]["hresult"] == "0x80040418"


@pytest.mark.parametrize(
    ("kind", "match", "in_books", "handed_in"),
    [
        ("die_before", "process VendorAddRq", False, False),
        ("die_after", "process VendorAddRq", True, False),
        ("die_after", "sendRequestXML", False, False),
        ("lose_call", "receiveResponseXML", True, False),
        ("lose_reply", "receiveResponseXML", True, True),
        ("die_after", "receiveResponseXML", True, True),
        ("lose_reply", "sendRequestXML", False, False),
        ("lose_call", "authenticate", False, False),
    ],
)
def test_an_update_may_break_off_anywhere(
    office: Office, kind: str, match: str, in_books: bool, handed_in: bool
) -> None:
    office.pc.backstage_mishap(kind, match)
    run = office.run(ADD, QUERY)
    assert run.died or run.code
    assert office.vendors() == (["Bayside & Sons"] if in_books else [])
    assert len(office.service.received()) == handed_in
    assert "closeConnection" not in office.service.methods()
    assert office.run(QUERY).status == "OK"


def test_a_pc_that_sleeps_in_the_middle_hands_in_its_answer_a_week_late(office: Office) -> None:
    office.pc.backstage_mishap("sleep", "receiveResponseXML")
    run = office.run(ADD)
    assert (office.pauses, run.status, len(office.service.received())) == ([7 * 86_400.0], "OK", 1)


def test_an_update_may_tell_nothing_of_the_company(office: Office) -> None:
    office.pc.backstage_switch("company_query_fails", True)
    assert office.run(QUERY).status == "OK"
    assert [values["strHCPResponse"] for method, values in office.service.heard if method == "sendRequestXML"] == [""]


def test_people_work_over_the_backstage_address_too(office: Office) -> None:
    client = Client(office.pc)
    added = client.post("/_backstage/add_vendor", json={"name": "By Hand", "Phone": "1"}).get_json()
    office.service.work = [QUERY]
    run = client.post("/_backstage/cycle", json={"user_name": office.user}).get_json()
    assert (run["status"], run["percents"]) == ("OK", [100])
    assert added["id"] in run["responses"][0]
    assert client.get("/").status_code == 404


def test_a_call_may_arrive_twice(office: Office) -> None:
    office.pc.backstage_mishap("twice", "receiveResponseXML VendorAddRq")
    office.run(ADD)
    first, second = office.service.received()
    assert first == second


@pytest.mark.parametrize(("when", "in_books"), [("before", []), ("after", ["Bayside & Sons"])])
def test_quickbooks_may_crash_before_or_after_it_has_written(office: Office, when: str, in_books: list[str]) -> None:
    office.pc.backstage_trouble("0x80010105", when, "VendorAddRq")
    office.run(ADD)
    assert office.service.received()[0]["hresult"] == "0x80010105"
    assert office.vendors() == in_books


HTML = Response("<html>Sign in</html>", content_type="text/html")
FAULT = "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body/></soap:Envelope>"


@pytest.mark.parametrize(
    "reply",
    [HTML, Response(status=302, headers={"Location": "/"}), Response(FAULT, 500, content_type="text/xml"),
     Response("", content_type="text/xml"), Response(status=502), Response(FAULT, content_type="text/xml")],
    ids=["html", "redirect", "fault", "empty", "gateway", "no response element"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "code"),
    [("authenticate", "QBWC1012"), ("sendRequestXML", "QBWC1041"), ("receiveResponseXML", "QBWC1042")],
)
def test_a_reply_that_is_no_answer_ends_the_update(office: Office, method: str, code: str, reply: Response) -> None:
    office.service.raw[method] = reply
    run = office.run(QUERY)
    assert (run.code, run.calls[-1].split()[0]) == (code, method)
    assert len(office.mistakes()) == 1


def test_a_missing_result_reads_as_null(office: Office) -> None:
    office.service.says["sendRequestXML"] = None
    office.run(QUERY)
    nil = office.service.envelope("sendRequestXML", None).replace(
        "</sendRequestXMLResponse>",
        '<sendRequestXMLResult xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">x'
        "</sendRequestXMLResult></sendRequestXMLResponse>",
    )
    office.service.raw["sendRequestXML"] = Response(nil, content_type="text/xml")
    run = office.run(QUERY)
    assert len(office.mistakes()) == 2
    assert (run.code, run.status) == ("QBWC1041", "Object reference not set to an instance of an object.")
