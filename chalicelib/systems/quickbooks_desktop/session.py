"""The session of one Web Connector with us, from authenticate to closeConnection. There is no work to hand out yet."""

from __future__ import annotations

from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine


def open(engine: Engine, connection: Connection, address: str) -> list[str]:
    """What authenticate answers after a good password: a fresh ticket, and that there is no work."""
    return [engine.clock.token(), "none"]


def send_request(  # noqa: PLR0917 -- the protocol's own parameters, in its order
    engine: Engine, ticket: str, hcp: str, company_file: str, country: str, major: str, minor: str
) -> str:
    return ""


def receive_response(engine: Engine, ticket: str, response: str, hresult: str, message: str) -> int:
    return -1


def connection_error(engine: Engine, ticket: str, hresult: str, message: str) -> str:
    return "done"


def last_error(engine: Engine, ticket: str) -> str:
    return "There is no such session any more. Nothing was done; the next run begins a new one."


def close(engine: Engine, ticket: str) -> str:
    return "OK"
