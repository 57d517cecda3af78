"""Consents: a person lets us into a company's books through the browser.

A link carries a random state of which the table keeps a hash, bound to the customer, the connection and who asked; it
lives ten minutes and works once. What comes back with it, a code, is kept encrypted for a job, because the functions
that face the outside may not read the client's secret. The page that waits has an unguessable id of its own. Where the
vendor takes it, the link carries the hash of a verifier that lies sealed beside the state: who stole the code alone can
do nothing with it (PKCE, S256).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import Health
from chalicelib.entry import after_apply, callbacks
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Problem, conflict, not_found

LINK_LIVES = timedelta(minutes=10)
CODE_LIVES = timedelta(minutes=5)
WORK_TAKES = timedelta(minutes=3)  # longer than any job runs
KEPT = timedelta(days=1)
TRIES = 5

_STATE = re.compile(r"[A-Za-z0-9_-]{22,64}")
_CODE = re.compile(r"[!-~]{1,2048}")
_IDENTITY = re.compile(r"[!-~]{1,100}")
Query = Mapping[str, Sequence[str]]


def key(consent: str) -> tuple[str, str]:
    return f"O#{consent}", "CONSENT"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------------------------------------- the link


def offer(engine: Engine, caller: Caller, name: str, service: str) -> Json:
    """A fresh link for the connection. Raises Problem when there can be none."""
    connection = _known(engine, caller.tenant, name)
    consent = engine.load_system(connection.system).consent
    if consent is None:
        title = engine.load_system(connection.system).title
        raise conflict(f"{title} has no sign-in through the browser: its credentials are entered with `mlc apply`.")
    if not service:
        raise conflict("This service does not know its own address, to which the browser would come back.")
    at = setups.about_key(caller.tenant, name)
    note = engine.store.get([at]).get(at)
    client = str(note.body.get("client") or "") if note else ""
    if not client:
        raise conflict(f"The client id of {name} is not known yet. Apply its credentials with `mlc apply` first.")
    state = engine.clock.token().rstrip("=")
    until = engine.clock.now() + LINK_LIVES
    body: Json = {
        "tenant": caller.tenant,
        "connection": name,
        "system": connection.system,
        "by": caller.key,
        "redirect_uri": f"{service}{_back(connection)}",
        "state": "offered",
        "until": until.isoformat(),
    }
    proof: dict[str, str] = {}
    if consent.has_proof:
        verifier = engine.clock.token().rstrip("=") + engine.clock.token().rstrip("=")
        body["verifier"] = _sealed(engine, verifier, hashed(state))
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
    pk, sk = key(hashed(state))
    engine.store.write([Put(Item(pk=pk, sk=sk, body=body, expires_at=_kept(engine)))])
    url = consent.link(engine.line(connection, trial=hashed(state)), client, str(body["redirect_uri"]), state)
    url += f"&{urlencode(proof)}" if proof else ""
    return {"id": hashed(state), "url": url, "expires_at": until.isoformat()}


def _sealed(engine: Engine, verifier: str, consent: str) -> str:
    return base64.b64encode(engine.vault.seal(verifier.encode(), context=_context(consent))).decode()


def verifier(engine: Engine, consent: Item) -> str:
    """The secret half of the link's proof; "" where the vendor takes none."""
    sealed = str(consent.body.get("verifier") or "")
    if not sealed:
        return ""
    return engine.vault.unseal(base64.b64decode(sealed), context=_context(consent.pk[2:])).decode()


def _context(consent: str) -> dict[str, str]:
    return {"consent": consent, "what": "verifier"}  # never taken for the code, which is sealed beside it


def look(engine: Engine, consent: str) -> Item | None:
    return engine.store.get([key(consent)]).get(key(consent)) if re.fullmatch("[0-9a-f]{64}", consent) else None


def told(engine: Engine, consent: Item) -> Json:
    """What came of it so far. Work that was never finished is said to be so: nobody knows whether the code is spent."""
    body, now = consent.body, engine.clock.now()
    name, state = str(body["connection"]), str(body["state"])
    shown: Json = {"id": consent.pk[2:], "connection": name, "state": state, "expires_at": body["until"]}
    shown |= {at: body.get(at) or "" for at in ("message", "fix")} | {"company": body.get("company")}
    late = datetime.fromisoformat(str(body["until"])) <= now
    if state == "offered" and late:
        shown |= {"state": "refused", "message": "The link was not used in time.", "fix": again(name)}
    elif state in ("waiting", "working"):
        lost = "It is not known whether the sign-in was taken; nothing else was changed."
        shown |= {"state": "refused", "message": lost, "fix": again(name)} if late else {"state": "waiting"}
    return shown


def again(name: str) -> str:
    return f"Run `mlc connect {name}` and open the new link."


def service_of(consent: Item, connection: Connection) -> str:
    """The service's own address, as the person who asked for the link reached it."""
    return str(consent.body["redirect_uri"]).removesuffix(_back(connection))


def _back(connection: Connection) -> str:
    return f"/oauth/{connection.system}/callback"


# ---------------------------------------------------------------------------------------------- the way back


def come_back(engine: Engine, system: str, query: Query) -> str:
    """The browser is back: returns the id of the page that waits. Raises Problem, and then nothing was changed."""
    state = _single(query, "state")
    item = look(engine, hashed(state)) if _STATE.fullmatch(state) else None
    if item is None or item.body["system"] != system or not _open(engine, item):
        raise Problem(
            400,
            "unknown_state",
            "This sign-in link is not valid: it was used already, is older than ten minutes, or was not made here. "
            "Nothing was changed. Have a new one made with `mlc connect`.",
        )
    tenant, name = str(item.body["tenant"]), str(item.body["connection"])
    if "error" in query:
        return _taken(engine, item, refused=("The sign-in was declined: nothing was connected.", again(name)))
    code = _single(query, "code")
    consent = engine.load_system(system).consent
    identity = _single(query, consent.identity) if consent and consent.identity else ""
    if not _CODE.fullmatch(code) or (consent and consent.identity and not _IDENTITY.fullmatch(identity)):
        raise Problem(400, "incomplete", f"The sign-in came back incomplete. Nothing was changed. {again(name)}")
    connection = _known(engine, tenant, name)
    wanted = engine.load_system(system).identity(connection.settings)
    if identity and identity != wanted:
        return _taken(engine, item, refused=another_company(name, identity, wanted))
    return _taken(engine, item, code=code)


def another_company(name: str, found: str, wanted: str) -> tuple[str, str]:
    return (
        f"Another company was chosen ({found}); {name} is set up for {wanted}. Nothing was connected, and what was "
        "connected before stays.",
        f"{again(name)} Choose the company {wanted} there. For another company make a connection of another name.",
    )


def _taken(engine: Engine, item: Item, *, code: str = "", refused: tuple[str, str] | None = None) -> str:
    """Use the state up: a second use finds it gone. The page's id is known to this browser alone."""
    page = engine.clock.token().rstrip("=")
    until = engine.clock.now() + CODE_LIVES
    body: Json = {**item.body, "state": "waiting", "until": until.isoformat()}
    blob = None
    if refused:
        body |= {"state": "refused", "message": refused[0], "fix": refused[1], "verifier": ""}
    else:
        blob = engine.vault.seal(code.encode(), context={"consent": item.pk[2:]})
    pointer = Item(pk=f"O#{hashed(page)}", sk="PAGE", body={"consent": item.pk[2:]}, expires_at=_kept(engine))
    try:
        engine.store.write([Put(replace(item, body=body, blob=blob)), Put(pointer)])
    except Conflict:
        raise Problem(400, "unknown_state", "This sign-in link was used already. Nothing was changed.") from None
    if not refused:
        job: Json = {"job": "connect", "consent": item.pk[2:]}
        engine.queue.send("jobs", [json.dumps(job)], group=str(item.body["tenant"]))
    return page


def of_page(engine: Engine, page: str) -> Item | None:
    if not _STATE.fullmatch(page):
        return None
    at = (f"O#{hashed(page)}", "PAGE")
    pointer = engine.store.get([at]).get(at)
    return look(engine, str(pointer.body["consent"])) if pointer else None


def page_token(page: str, consent: Item) -> str:
    """What the page's button sends along: nobody who does not see the page can make it, and it confirms once."""
    return hashed(f"confirm {page} {consent.pk}")


def fits(given: str, page: str, consent: Item) -> bool:
    return hmac.compare_digest(given.encode(), page_token(page, consent).encode())


# ---------------------------------------------------------------------------------------------- confirming


def confirm(engine: Engine, tenant: str, name: str, company: str) -> Connection:
    """Pin the company that was found, as a person says it is the right one. Raises Problem when it is not the one."""
    for _ in range(TRIES):
        connection = _known(engine, tenant, name)
        if connection.pinned and connection.pinned.id == company:
            return connection
        if connection.found is None or connection.pinned or connection.found.id != company:
            raise conflict(f"{name} was not found to lead to the company {company}: there is nothing to confirm.")
        version = setups.connections(engine.store, tenant)[name][1]
        pinned = replace(connection, pinned=connection.found, found=None)
        try:
            engine.store.write([setups.connection_put(pinned, version)])
        except Conflict:
            continue
        opened(engine, pinned)
        return pinned
    raise conflict("Somebody else is changing this connection right now. Try again.")


def is_confirmed(engine: Engine, consent: Item) -> bool:
    """Whether the company that this consent found has been pinned since."""
    pinned = _known(engine, str(consent.body["tenant"]), str(consent.body["connection"])).pinned
    company = consent.body.get("company")
    return pinned is not None and isinstance(company, dict) and pinned.id == company["id"]


def opened(engine: Engine, connection: Connection) -> None:
    """The connection works and its company is the right one: what waited for it goes on."""
    engine.checked.pop(connection.key, None)
    engine.note_health(connection, Health(state="ok"))
    callbacks.ask(engine, connection)
    after_apply.go_on(engine, connection)


# ---------------------------------------------------------------------------------------------- inside


def _known(engine: Engine, tenant: str, name: str) -> Connection:
    at = (setups.pk(tenant), f"CONNECTION#{name}")
    item = engine.store.get([at]).get(at)
    if item is None:
        raise not_found("connection of that name")
    return setups.read_connection(tenant, item)


def _open(engine: Engine, item: Item) -> bool:
    """Whether the link still works: unused, in time, and whoever asked for it still has a key."""
    asked_by = (setups.pk(str(item.body["tenant"])), f"KEY#{item.body['by']}")
    in_time = datetime.fromisoformat(str(item.body["until"])) > engine.clock.now()
    return item.body["state"] == "offered" and in_time and asked_by in engine.store.get([asked_by])


def _single(query: Query, name: str) -> str:
    """The value of a parameter; one that stands twice is none."""
    values = query.get(name) or [""]
    return values[0] if len(values) == 1 else ""


def _kept(engine: Engine) -> int:
    return int((engine.clock.now() + KEPT).timestamp())
