"""One exchange with an address that a customer named: it never reaches what only we can reach.

Every address that the name leads to must be public, and the one connected to is looked at once more before the first
byte leaves, so that a name which changes its answer in between gains nothing. No proxy, no redirect, no cookie; a
short answer within a short time, or none.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from threading import Event, Timer
from urllib.parse import urlsplit

from chalicelib.engine.address import reachable, unfit
from chalicelib.engine.errors import Refused, TryAgain, Unknown
from chalicelib.engine.ports import HttpAnswer, HttpRequest

MOST_READ = 4096  # bytes of an answer
MOST_ADDRESSES = 3  # tried one after the other

Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of the host, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def exchange(request: HttpRequest, *, local: bool, connect_timeout: float, resolve: Resolve = resolved) -> HttpAnswer:
    """Raises Refused when the address may not be reached, else what every exchange raises."""
    wrong = unfit(request.url, local=local)
    if wrong:
        raise Refused("address", f"The address does not fit: expected {wrong}.")
    parts = urlsplit(request.url)
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    plain = _connected(host, port, _addresses(host, port, resolve, local), local=local, timeout=connect_timeout)
    with closing(plain), _hung_up_after(plain, request.timeout, host):
        plain.settimeout(request.timeout)
        try:
            carrier = _trusted().wrap_socket(plain, server_hostname=host) if secure else plain
        except (OSError, ValueError) as failure:
            raise TryAgain(f"{host} did not show a certificate that can be trusted.", counts=False) from failure
        with closing(carrier):
            return _asked(carrier, request, host, port)


def _addresses(host: str, port: int, resolve: Resolve, local: bool) -> Sequence[str]:
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as failure:
        raise TryAgain(f"{host} cannot be found.", counts=False) from failure
    if not found or not all(reachable(address, local=local) for address in found):
        raise _inward(host)
    return found


def _connected(host: str, port: int, addresses: Sequence[str], *, local: bool, timeout: float) -> socket.socket:
    """A connection to one of the addresses, whose far end is looked at before anything is said."""
    for address in addresses[:MOST_ADDRESSES]:
        try:
            plain = socket.create_connection((address, port), timeout)
        except OSError:
            continue
        if reachable(str(plain.getpeername()[0]), local=local):
            return plain
        plain.close()
        raise _inward(host)
    raise TryAgain(f"{host} cannot be reached.", counts=False)


def _asked(carrier: socket.socket, request: HttpRequest, host: str, port: int) -> HttpAnswer:
    parts = urlsplit(request.url)
    connection = http.client.HTTPConnection(host, port)
    connection.sock = carrier
    headers = {"Host": parts.netloc, "User-Agent": "ml-connector", "Connection": "close", **request.headers}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(request.method, path, body=request.body, headers=headers)
        answer = connection.getresponse()
        read = answer.read(MOST_READ)
    except (OSError, http.client.HTTPException) as failure:
        raise Unknown(f"{host} did not answer.").seen(type(failure).__name__) from failure
    return HttpAnswer(status=answer.status, headers={n.lower(): v for n, v in answer.getheaders()}, body=read)


@contextmanager
def _hung_up_after(plain: socket.socket, seconds: float, host: str) -> Iterator[None]:
    """However slowly the other side dribbles: after so long the connection ends."""
    line, late = plain.dup(), Event()

    def hang_up() -> None:
        late.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        line.close()
    if late.is_set():  # a header cut short reads like a whole one
        raise Unknown(f"{host} took too long to send its answer.")


def _trusted() -> ssl.SSLContext:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)


def _inward(host: str) -> Refused:
    return Refused("address", f"{host} leads to an address that is not of the open internet. Nothing was sent.")
