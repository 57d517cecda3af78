"""Strangers who guess: wrong passwords are counted, and the next try is looked at only after a wait that doubles.

Counted per address and per user name, whether the user name exists or not. From an address that was let in with that
user name before, only the tries of this very pair count: nobody elsewhere can keep the customer out. No wait is longer
than minutes, because the Web Connector comes again by itself and a person may have typed the right password meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict, Item, Op, Put

FREE_OF_ADDRESS = 5
FREE_OF_USER = 20
FREE_OF_PAIR = 10
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=1)
DOUBLINGS = 9  # seconds: beyond the longest wait
NETWORK_OF_ONE = 64  # bits: whoever has one IPv6 address has all of its network
TRIES = 5

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Counter:
    """The wrong passwords of one address, user name or pair. `free` of them cost no wait."""

    key: Key
    free: int
    count: int = 0
    at: str = ""
    version: int = 0

    def until(self) -> datetime | None:
        """When the next try is looked at; None: now."""
        if self.count < self.free:
            return None
        wait = timedelta(seconds=2 ** min(self.count - self.free, DOUBLINGS))
        return datetime.fromisoformat(self.at) + min(wait, LONGEST_WAIT)


def keys(user: str, place: str) -> tuple[Key, Key, Key]:
    return (_of_address(place), _of_user(user), _of_pair(user, place))


def counters(
    stored: Mapping[Key, Item], now: datetime, *, user: str, place: str, known: bool, fresh: bool
) -> list[Counter]:
    """Those that count for a try: `known` was let in from there before, `fresh` got its password a moment ago."""
    if known:
        return [_read(stored, now, _of_pair(user, place), FREE_OF_PAIR)]
    of_address = _read(stored, now, _of_address(place), FREE_OF_ADDRESS)
    return [of_address] if fresh else [of_address, _read(stored, now, _of_user(user), FREE_OF_USER)]


def shut(counted: Sequence[Counter], now: datetime) -> bool:
    """Whether the try is not even looked at."""
    return any(until is not None and until > now for until in (counter.until() for counter in counted))


def count(engine: Engine, counted: Sequence[Counter]) -> None:
    """One more wrong password; whoever counts at the same moment is not counted over."""
    for _ in range(TRIES):
        now = engine.clock.now()
        try:
            engine.store.write([_one_more(counter, now) for counter in counted])
        except Conflict:
            stored = engine.store.get([counter.key for counter in counted])
            counted = [_read(stored, now, counter.key, counter.free) for counter in counted]
            continue
        return


def place_of(address: str) -> str:
    """Whom an address stands for."""
    try:
        read = ip_address(address)
    except ValueError:
        return "unknown"
    return str(read) if read.version == 4 else str(ip_network((read, NETWORK_OF_ONE), strict=False))


# ---------------------------------------------------------------------------------------------- inside


def _of_address(place: str) -> Key:
    return f"Q#FROM#{place}", "WRONG"


def _of_user(user: str) -> Key:
    return f"Q#LOGIN#{user}", "WRONG"


def _of_pair(user: str, place: str) -> Key:
    return f"Q#LOGIN#{user}", f"WRONG#{place}"


def _read(stored: Mapping[Key, Item], now: datetime, key: Key, free: int) -> Counter:
    item = stored.get(key)
    if item is None:
        return Counter(key, free)
    at = str(item.body["at"])
    if datetime.fromisoformat(at) + FORGOTTEN_AFTER <= now:
        return Counter(key, free, version=item.version)
    return Counter(key, free, count=int(str(item.body["count"])), at=at, version=item.version)


def _one_more(counter: Counter, now: datetime) -> Op:
    pk, sk = counter.key
    return Put(
        Item(
            pk=pk,
            sk=sk,
            body={"count": counter.count + 1, "at": now.isoformat()},
            version=counter.version,
            expires_at=int((now + 2 * FORGOTTEN_AFTER).timestamp()),
        )
    )
