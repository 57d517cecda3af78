"""The Web Connector's address: reads the call, finds the method, answers in SOAP's own form, and never raises.

A trouble of ours is told as the protocol tells it (sheet 1.3 rule 5): busy at authenticate, afterwards an empty result
or -1, with words for getLastError. A Fault is only for what is no call at all.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping

from chalicelib.engine.caller import Reply, Visit
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.ports import Conflict
from chalicelib.engine.redact import redact_text
from chalicelib.systems.quickbooks_desktop import login, session, soap, wsdl
from chalicelib.systems.quickbooks_desktop.soap import Call, Fault

VERSION = "ml-connector 1"
BUSY_WORDS = "ml-connector could not answer just now. Nothing is lost; it goes on at the next run."
SHOWN_OF_TICKET = 8

Result = str | int | list[str]
Args = Mapping[str, str]

log = logging.getLogger("mlc")


def answer(engine: Engine, visit: Visit) -> Reply:
    if visit.method in ("GET", "HEAD"):
        kind, text = wsdl.get(visit.query, visit.url)
        return Reply(200, kind, text if visit.method == "GET" else "")
    if visit.method != "POST":
        return _fault(visit, Fault("Calls are made with POST; GET shows the contract, behind ?wsdl."), status=405)
    call = soap.read(visit.body, visit.headers.get("content-type", ""), action=visit.headers.get("soapaction", ""))
    if isinstance(call, Fault):
        return _fault(visit, call, status=call.status)
    began = engine.clock.now()
    result = _result(engine, call, visit.address)
    _tell(call, visit, result, milliseconds=round((engine.clock.now() - began).total_seconds() * 1000))
    return Reply(200, soap.MEDIA_TYPES[call.version], soap.answer(call, result).decode("ascii"))


# ---------------------------------------------------------------------------------------------- the methods


def _authenticate(engine: Engine, args: Args, address: str) -> list[str]:
    connection = login.who(engine, args["strUserName"], args[soap.SECRET], address)
    return ["", "nvu"] if connection is None else session.open(engine, connection, address)


def _send_request(engine: Engine, args: Args, address: str) -> str:
    return session.send_request(
        engine,
        args["ticket"],
        args["strHCPResponse"],
        args["strCompanyFileName"],
        args["qbXMLCountry"],
        args["qbXMLMajorVers"],
        args["qbXMLMinorVers"],
    )


def _receive_response(engine: Engine, args: Args, address: str) -> int:
    return session.receive_response(engine, args["ticket"], args["response"], args["hresult"], args["message"])


def _connection_error(engine: Engine, args: Args, address: str) -> str:
    return session.connection_error(engine, args["ticket"], args["hresult"], args["message"])


def _last_error(engine: Engine, args: Args, address: str) -> str:
    return session.last_error(engine, args["ticket"]) or BUSY_WORDS


def _close(engine: Engine, args: Args, address: str) -> str:
    return session.close(engine, args["ticket"])


def _always(text: str) -> Callable[[Engine, Args, str], str]:
    return lambda engine, args, address: text


# Each method, and what it answers where we are in trouble ourselves.
METHODS: dict[str, tuple[Callable[[Engine, Args, str], Result], Result]] = {
    "serverVersion": (_always(VERSION), VERSION),
    "clientVersion": (_always(""), ""),  # any other text opens a window on the PC, where nobody may sit
    "authenticate": (_authenticate, ["", "busy"]),
    "sendRequestXML": (_send_request, ""),
    "receiveResponseXML": (_receive_response, -1),
    "connectionError": (_connection_error, "done"),
    "getLastError": (_last_error, BUSY_WORDS),
    "closeConnection": (_close, "OK"),
    "getInteractiveURL": (_always(""), ""),
    "interactiveRejected": (_always(""), ""),
    "interactiveDone": (_always("Done"), "Done"),
}


def _result(engine: Engine, call: Call, address: str) -> Result:
    serve, in_trouble = METHODS[call.method]
    try:
        return serve(engine, call.args, address)
    except (ConnectorError, Conflict) as trouble:
        log.warning("the Web Connector's %s had to wait: %s", call.method, redact_text(str(trouble)))
    except Exception as fault:
        engine.metrics.count("Faults", door="web_connector")
        # Only where it happened: the exception's own text may quote what was sent.
        where = "".join(traceback.format_tb(fault.__traceback__))
        log.error("the Web Connector's %s failed: %s\n%s", call.method, type(fault).__name__, where)
    return in_trouble


# ---------------------------------------------------------------------------------------------- telling


def _fault(visit: Visit, fault: Fault, *, status: int) -> Reply:
    log.info("no call of the Web Connector", extra={"why": fault.words, "caller": visit.address, "status": status})
    return Reply(status, soap.MEDIA_TYPES[fault.version], fault.body().decode("ascii"))


def _tell(call: Call, visit: Visit, result: Result, *, milliseconds: int) -> None:
    told: dict[str, object] = {"method": call.method, "caller": visit.address, "milliseconds": milliseconds}
    match result:
        case [_, word, *_]:
            user = call.args["strUserName"]
            told |= {"user": user if login.USER_NAME.fullmatch(user) else "(unfit)"}
            told |= {"answered": word if word in ("none", "nvu", "busy") else "work"}
        case int():
            told |= {"answered": result, "bytes": len(visit.body)}
        case _:
            told |= {"bytes": len(visit.body), "bytes_out": len(str(result))}
    ticket = call.args.get("ticket", "")
    if ticket:
        told |= {"session": ascii(ticket[:SHOWN_OF_TICKET])}
    if call.method == "clientVersion":
        told |= {"version": ascii(call.args["strVersion"][:40])}
    log.info("a call of the Web Connector", extra=told)
