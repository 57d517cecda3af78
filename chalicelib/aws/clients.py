"""One botocore client per service and process, all with the same retries and time-outs; and what failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from chalicelib.engine.errors import TryAgain

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0
ATTEMPTS = 4  # botocore's "standard" retries, the first try included
CONNECTIONS = 16

THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)

_clients: dict[tuple[str, str, str | None, int], Any] = {}
_making = Lock()


def client(service: str, *, region: str, endpoint_url: str | None = None, attempts: int = ATTEMPTS) -> Any:
    key = (service, region, endpoint_url, attempts)
    with _making:
        if key not in _clients:
            import boto3
            from botocore.config import Config

            config = Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": attempts},
                max_pool_connections=CONNECTIONS,
            )
            session = boto3.session.Session(region_name=region)  # the default session is not safe among threads
            _clients[key] = session.client(service, endpoint_url=endpoint_url, config=config)
        return _clients[key]


def error_code(failure: BaseException) -> str:
    """AWS's name of the failure, "" when no answer came."""
    return str(_response(failure).get("Error", {}).get("Code", ""))


def answered_status(failure: BaseException) -> int:
    return int(_response(failure).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _response(failure: BaseException) -> dict[str, Any]:
    return getattr(failure, "response", None) or {}  # botocore's connection failures have one that is None


def never_left(failure: BaseException) -> bool:
    """Whether AWS surely did not see this attempt."""
    from botocore import exceptions

    return isinstance(
        failure,
        (
            exceptions.ConnectTimeoutError,
            exceptions.EndpointConnectionError,
            exceptions.ProxyConnectionError,
            exceptions.SSLError,
        ),
    )


def unanswered(failure: BaseException) -> bool:
    """Whether no answer came, or one that leaves open what happened."""
    from botocore import exceptions

    return (
        isinstance(failure, (exceptions.HTTPClientError, exceptions.ConnectionError)) or answered_status(failure) >= 500
    )


@contextmanager
def repeatable(what: str) -> Iterator[None]:
    """For calls that do no harm when repeated: trouble on the way becomes TryAgain, a mistake of ours stays."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as failure:
        if error_code(failure) in THROTTLES or unanswered(failure):
            raise TryAgain(f"{what} cannot be reached right now.", counts=False) from failure
        raise
