"""The user name and password by which a Web Connector is known. Both are made by us, one pair per connection.

The password is shown once; the table keeps a memory-hard hash of it. The FileID is made with the first login and stays
for life: QuickBooks writes it into the company file, and by it a session knows that the right one is open.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_desktop import guard

USER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
LONGEST_PASSWORD = 200
KNOWN_FOR = timedelta(days=90)
NOTED_AGAIN = timedelta(days=1)
MOST_ADDRESSES = 8
FRESH_FOR = timedelta(days=1)
# 16 MB and some 30 ms a try: the password is 192 random bits, so this is for a stolen table and not for guessers.
COST, BLOCK, AT_ONCE = 16384, 8, 1
MOST_RIGHT = 1000
_RIGHT: dict[str, bytes] = {}
NOBODY: Json = {"salt": "nobody", "hash": "0" * 64, "made_at": "1970-01-01T00:00:00+00:00"}


@dataclass(frozen=True, slots=True)
class Login:
    """`version` 0: drawn, and not stored yet."""

    user: str
    file_id: UUID
    version: int = 0


def of(engine: Engine, connection: Connection) -> Login | None:
    """The login of a connection, None before the first."""
    key = _pointer(connection)
    item = engine.store.get([key]).get(key)
    return Login(str(item.body["user"]), UUID(str(item.body["file_id"])), item.version) if item else None


def drawn(engine: Engine) -> Login:
    drawn_id = UUID(bytes=hashlib.sha256(engine.clock.token().encode()).digest()[:16], version=4)
    return Login("mlc-" + hashlib.sha256(engine.clock.token().encode()).hexdigest()[:16], drawn_id)


def give_password(engine: Engine, connection: Connection, login: Login, *, by: str) -> str:
    """A new password, in the place of the one before. Raises Conflict when somebody else gives one at this moment."""
    password, salt, now = engine.clock.token(), engine.clock.token(), engine.clock.now().isoformat()
    pk, sk = _pointer(connection)
    told: Json = {"user": login.user, "file_id": str(login.file_id), "made_at": now, "by": by}
    kept: Json = {
        "tenant": connection.tenant,
        "connection": connection.name,
        "salt": salt,
        "hash": _hashed(password, salt),
        "made_at": now,
    }
    login_pk, login_sk = _of_user(login.user)
    engine.store.write(
        [
            Put(Item(pk=pk, sk=sk, body=told, version=login.version)),
            Put(Item(pk=login_pk, sk=login_sk, body=kept), guarded=login.version == 0),
        ]
    )
    return password


def who(engine: Engine, user: str, password: str, address: str) -> Connection | None:
    """Whose Web Connector this is. None for anybody else, with the same effort whichever part was wrong."""
    if not USER_NAME.fullmatch(user):
        return None
    place, now = guard.place_of(address), engine.clock.now()
    stored = engine.store.get([_of_user(user), _visits(user), *guard.keys(user, place)])
    item, visits = stored.get(_of_user(user)), stored.get(_visits(user))
    kept = item.body if item else NOBODY
    counted = guard.counters(
        stored,
        now,
        user=user,
        place=place,
        known=place in _known_places(visits, now),
        fresh=datetime.fromisoformat(str(kept["made_at"])) + FRESH_FOR > now,
    )
    if guard.shut(counted, now):
        return None
    right = len(password) <= LONGEST_PASSWORD and _is(password, kept)
    if not right or item is None:
        guard.count(engine, counted)
        return None
    connection = _connection(engine, kept)
    if connection is not None:
        _remember(engine, user, visits, place, now)
    return connection


# ---------------------------------------------------------------------------------------------- inside


def _pointer(connection: Connection) -> tuple[str, str]:
    return f"Q#{connection.key}", "LOGIN"


def _of_user(user: str) -> tuple[str, str]:
    return f"Q#LOGIN#{user}", "LOGIN"


def _visits(user: str) -> tuple[str, str]:
    return f"Q#LOGIN#{user}", "VISITS"


def _is(password: str, kept: Json) -> bool:
    """Whether it is the password. One that this container found right is known again without the costly hash."""
    salted, plain = str(kept["hash"]), password.encode("utf-8", "surrogatepass")
    quick = hashlib.blake2b(plain, key=salted.encode()[:64]).digest()
    if hmac.compare_digest(_RIGHT.get(salted, b""), quick):
        return True
    if not hmac.compare_digest(_hashed(password, str(kept["salt"])), salted):
        return False
    if len(_RIGHT) >= MOST_RIGHT:
        _RIGHT.clear()
    _RIGHT[salted] = quick
    return True


def _hashed(password: str, salt: str) -> str:
    plain = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(plain, salt=salt.encode(), n=COST, r=BLOCK, p=AT_ONCE, maxmem=2**26, dklen=32).hex()


def _connection(engine: Engine, kept: Json) -> Connection | None:
    tenant = str(kept["tenant"])
    key = setups.pk(tenant), f"CONNECTION#{kept['connection']}"
    item = engine.store.get([key]).get(key)
    return setups.read_connection(tenant, item) if item else None


def _known_places(visits: Item | None, now: datetime) -> dict[str, str]:
    """The addresses it was let in from, each with the last time."""
    places = visits.body.get("places") if visits else None
    if not isinstance(places, Mapping):
        return {}
    return {str(place): str(at) for place, at in places.items() if datetime.fromisoformat(str(at)) + KNOWN_FOR > now}


def _remember(engine: Engine, user: str, visits: Item | None, place: str, now: datetime) -> None:
    """Let in from here; noted once a day. Two at the same moment: either is as good a memory."""
    known = _known_places(visits, now)
    if place in known and datetime.fromisoformat(known[place]) + NOTED_AGAIN > now:
        return
    places = known | {place: now.isoformat()}
    latest = sorted(places, key=places.__getitem__, reverse=True)[:MOST_ADDRESSES]
    pk, sk = _visits(user)
    body: Json = {"places": {each: places[each] for each in latest}}
    engine.store.write([Put(Item(pk=pk, sk=sk, body=body), guarded=False)])
