"""The API's door: the environment's own hosts, the bearer token, the company header, the limits, and the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from simulator.systems.procore.answers import (
    BAD_TOKEN,
    NO_HEADER,
    NOT_CONNECTED,
    TOO_MANY,
    Refused,
    not_found,
)
from simulator.systems.procore.calling import prepare, unknown_address
from simulator.systems.procore.company import Company
from simulator.systems.procore.oauth import Token, bearer
from simulator.systems.procore.writer import Writer

if TYPE_CHECKING:
    from simulator.systems.procore.app import ProcoreSimulator

# environment -> the login host and the API's host; on-demand sandboxes are companies of production
HOSTS = {
    "production": ("login.procore.com", "api.procore.com"),
    "sandbox": ("login-sandbox.procore.com", "sandbox.procore.com"),
    "monthly": ("login-sandbox-monthly.procore.com", "api-monthly.procore.com"),
    "federal": ("login.procoregov.com", "api.procoregov.com"),
}
KNOWN = {host for pair in HOSTS.values() for host in pair}


def check_host(sim: ProcoreSimulator, request: Request) -> None:
    """Turn down what was meant for another environment, or for the other host of this one."""
    host = request.host.partition(":")[0]
    if host not in KNOWN:
        return  # a loopback address stands for both hosts
    login, _ = HOSTS[sim.environment]
    if host not in HOSTS[sim.environment]:
        raise Refused(401, BAD_TOKEN, f"{host} is another environment than {sim.environment}")
    asks_login = request.path.startswith("/oauth/")
    if asks_login != (host == login) and not (asks_login and sim.options.token_on_api_host):
        raise not_found(f"{request.path} is not on {host}")


def serve(sim: ProcoreSimulator, request: Request) -> Response:
    v2 = request.path.startswith("/rest/v2")
    headers: dict[str, str] = {}
    try:
        if sim.busy:
            seconds = sim.busy.pop(0)
            return Response(status=503, headers={"Retry-After": str(seconds)}, mimetype="text/html")
        company, client_id = _admit(sim, request)
        admitted, headers = _count(sim, client_id, company)
        if not admitted:
            raise Refused(429, TOO_MANY)
        response = _act(sim, request, company)
    except Refused as refused:
        if refused.mistake:
            sim.mistake(request, refused.mistake)
        response = refused.response(v2=v2)
        if refused.status == 429 and sim.options.retry_after:
            headers["Retry-After"] = str(sim.options.retry_after)
    response.headers.extend(headers)
    return response


def _admit(sim: ProcoreSimulator, request: Request) -> tuple[Company, str]:
    token = _token(sim, request)
    text = request.headers.get("Procore-Company-Id", "")
    if not text:
        raise Refused(400, NO_HEADER, "the header Procore-Company-Id is missing")
    company = sim.companies.get(int(text)) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    own = sim.oauth.clients[token.client_id].company
    if company is None or not company.connected or own not in (0, company.id):
        raise Refused(403, NOT_CONNECTED)
    return company, token.client_id


def _token(sim: ProcoreSimulator, request: Request) -> Token:
    given = bearer(request)
    token = sim.oauth.living(given, sim.now())
    if token is None or token.client_id not in sim.oauth.clients:
        raise Refused(401, BAD_TOKEN, "" if given else "no bearer token")
    return token


def _count(sim: ProcoreSimulator, client_id: str, company: Company) -> tuple[bool, dict[str, str]]:
    options = sim.options
    if not options.limits:
        return True, {}
    hourly = max(1, int(options.hourly_limit * options.limit_scale))
    spike = max(1, int(options.spike_limit * options.limit_scale))
    return sim.throttle.admit(f"{client_id}/{company.id}", sim.now(), hourly=hourly, spike=spike)


def _act(sim: ProcoreSimulator, request: Request, company: Company) -> Response:
    found = sim.find_route(request)
    if found is None:
        raise unknown_address(request)
    chosen, ids = found
    writer = Writer(
        company=company,
        options=sim.options,
        who="app",
        moment=sim.clock(),
        mistake=lambda what: sim.mistake(request, what),
        call=f"{request.method} {request.path}",
    )
    call = prepare(sim, request, company, writer, chosen, ids)
    if chosen.tool == "direct_costs" and request.method != "GET" and sim.conflicts:
        sim.conflicts -= 1
        raise Refused(409, "Conflict")
    return chosen.act(call)
