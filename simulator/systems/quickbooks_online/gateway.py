"""What stands before the API: the bearer token, the company it opens, the throttle, and the company's own standing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from simulator.systems.quickbooks_online.answers import Refused, Trouble, gateway_body, gateway_xml
from simulator.systems.quickbooks_online.company import Company
from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.quickbooks_online.app import QuickBooksOnlineSimulator

STANDING = {
    "cancelled": (400, "ValidationFault", "6190", "You can't add data because the subscription period ended."),
    "locked_out": (403, "AuthorizationFault", "140", "The company is locked out."),
    "maintenance": (403, "AuthorizationFault", "150", "The company is under maintenance."),
    "user_removed": (403, "AuthorizationFault", "120", "AuthorizationFailure: the connecting user was removed."),
}


def admit(sim: QuickBooksOnlineSimulator, request: Request, realm_id: str, *, batch: bool) -> Company | Response:
    """The company the call may enter, or the gateway's refusal."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        sim.mistake(request, "no bearer token")
        return _refusal(sim, "3202", "AuthenticationFailed", 401, "Empty oauth field", "AUTHENTICATION")
    granted, why = sim.oauth.realm_of(token, sim.now())
    if granted is None:
        return _refusal(sim, "3200", "AuthenticationFailed", 401, why, "AUTHENTICATION")
    company = sim.companies.get(realm_id)
    if granted != realm_id or company is None:
        sim.mistake(request, f"the token belongs to company {granted}")
        return _refusal(sim, "3100", "AuthorizationFailed", 403, None, "SERVICE")
    scale = sim.options.limit_scale
    if sim.options.limits and not sim.throttle.admit(realm_id, sim.now(), batch=batch, scale=scale):
        return sim.throttled()
    return company


def check_standing(company: Company) -> None:
    if company.status != "open":
        status, kind, code, detail = STANDING[company.status]
        raise Refused([Trouble(code, detail)], status=status, fault_type=kind)


def _refusal(
    sim: QuickBooksOnlineSimulator, code: str, word: str, status: int, detail: str | None, kind: str
) -> Response:
    if sim.options.xml_gateway:
        text = gateway_xml(code, word, status, detail, kind, sim.clock())
        return Response(text, status=status, mimetype="application/xml")
    return json_response(gateway_body(code, word, status, detail, kind, sim.clock()), status=status)
