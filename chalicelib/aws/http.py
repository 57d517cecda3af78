"""One HTTP exchange over real sockets. It tells apart what surely did not leave from what may have been served."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.aws import public
from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import HttpAnswer, HttpRequest

if TYPE_CHECKING:
    import requests

MOST_ANSWER_BYTES = 20 * 1024 * 1024
CONNECT_TIMEOUT = 5.0
CONNECTIONS_PER_HOST = 10
PIECE = 64 * 1024


def full_url(request: HttpRequest) -> str:
    """The URL with its parameters, blanks as %20: every vendor reads that, not every one reads "+"."""
    if not request.params:
        return request.url
    joint = "&" if "?" in request.url else "?"
    return request.url + joint + urlencode(request.params, quote_via=quote)


class RequestsHttp:
    """Implements `Http`. One per process: it keeps connections open between calls.

    `HttpRequest.timeout` bounds each wait for bytes; the whole exchange may take twice that long, checked while the
    body arrives. (A peer that dribbles its header lines is bounded by the function's own time-out only.)
    `local`: a `public` request may go to this machine too.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        most_bytes: int = MOST_ANSWER_BYTES,
        local: bool = False,
        resolve: public.Resolve = public.resolved,
    ) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        self._connect_timeout = connect_timeout
        self._most_bytes = most_bytes
        self._local = local
        self._resolve = resolve
        self._session = requests.Session()
        self._session.trust_env = False  # a .netrc would replace the Authorization header
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # none is carried between customers
        adapter = HTTPAdapter(pool_maxsize=CONNECTIONS_PER_HOST, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.headers["User-Agent"] = "ml-connector"

    def send(self, request: HttpRequest) -> HttpAnswer:
        import requests
        from urllib3.exceptions import HTTPError

        if request.public:
            timeout = self._connect_timeout
            return public.exchange(request, local=self._local, connect_timeout=timeout, resolve=self._resolve)
        url = full_url(request)
        host = urlsplit(url).netloc
        deadline = time.monotonic() + 2 * request.timeout
        try:
            with self._session.request(
                request.method,
                url,
                headers=dict(request.headers),
                data=request.body,
                timeout=(self._connect_timeout, request.timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._body(response, host, deadline)
                headers = {name.lower(): value for name, value in response.headers.items()}
                if _headless(request.method, response.status_code, headers, body):
                    raise Unknown(f"{host} closed the connection before its answer was complete.")
                return HttpAnswer(status=response.status_code, headers=headers, body=body)
        except (requests.exceptions.RequestException, HTTPError, OSError) as failure:
            if isinstance(failure, ValueError):
                raise  # an unusable URL or header
            if _never_left(failure):
                raise TryAgain(f"{host} cannot be reached.", counts=False) from failure
            raise Unknown(f"{host} did not answer.").seen(type(failure).__name__) from failure

    def _body(self, response: requests.Response, host: str, deadline: float) -> bytes:
        """The whole body, decoded. `read1` returns with every arrival, so that a dribbling peer meets the deadline."""
        raw: Any = response.raw
        body = bytearray()
        while True:
            piece = raw.read1(PIECE, decode_content=True)
            if not piece:
                break
            body += piece
            if len(body) > self._most_bytes:
                raise Unknown(f"{host} sent more than {self._most_bytes} bytes.")
            if time.monotonic() > deadline:
                raise Unknown(f"{host} took too long to send its answer.")
        if raw.length_remaining:
            raise Unknown(f"{host} closed the connection in the middle of its answer.")
        return bytes(body)


def _headless(method: str, status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Python reads a connection that dies among the header lines as a success without a body."""
    told = "content-length" in headers or "transfer-encoding" in headers
    return not body and not told and status in (200, 201, 202) and method != "HEAD"


def _never_left(failure: BaseException) -> bool:
    """Whether the request surely stayed here: no connection came about (refused, no such host, time-out, no trust)."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    seen: BaseException | None = failure
    while seen is not None:
        if isinstance(seen, (requests.exceptions.ConnectTimeout, NewConnectionError, ConnectTimeoutError)):
            return True
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        reason = next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        seen = getattr(seen, "reason", None) or reason or seen.__cause__
    return False
