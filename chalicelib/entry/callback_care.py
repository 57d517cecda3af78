"""Seeing to a connection's webhooks: each that should be there is, once, proven, and with a secret that we know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.engine import notices
from chalicelib.engine.engine import Engine
from chalicelib.engine.hints import NotOffered, OwnHooks, Registered
from chalicelib.engine.line import Line
from chalicelib.engine.ports import Conflict, Delete, Item, Put
from chalicelib.engine.records import Json

WAITS = timedelta(minutes=10)  # for a handshake, before it is asked for again
MOST_RESENT = 3
NOT_OFFERED_FOR = timedelta(days=30)
TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
HOOK, OFFER, ASKED, TOLD = "HOOK#", "OFFER#", "ASKED#", "TOLD"


@dataclass(frozen=True, slots=True)
class Place:
    """A connection's own address; `rows` are what the table keeps under its token."""

    system: str
    token: str
    tenant: str
    name: str
    rows: Sequence[Item]

    @property
    def pk(self) -> str:
        return f"W#{self.token}"

    @property
    def context(self) -> dict[str, str]:
        """Its name is what the function's rights go by (infra/policies.py)."""
        return {"verifier": f"{self.system} {self.tenant} {self.name}"}

    def having(self, prefix: str) -> Iterator[Item]:
        return (row for row in self.rows if row.sk.startswith(prefix))

    def unsealed(self, engine: Engine, row: Item) -> str:
        assert row.blob is not None
        return engine.vault.unseal(row.blob, context=self.context).decode()


def at(engine: Engine, system: str, token: str) -> Place | None:
    """Whose address it is; None for nobody's."""
    if not TOKEN.fullmatch(token):
        return None
    rows = engine.store.query(f"W#{token}").items
    owner = next((row.body for row in rows if row.sk == "CONNECTION"), None)
    if owner is None or owner["system"] != system:
        return None
    return Place(system, token, str(owner["tenant"]), str(owner["connection"]), rows)


@dataclass(slots=True)
class Care:
    engine: Engine
    line: Line
    hooks: OwnHooks
    place: Place

    def hand_back(self) -> None:
        """Give the vendor the codes that came in handshakes; those that it takes are the secrets from then on."""
        for row in self.place.having(OFFER):
            code, id_ = self.place.unsealed(self.engine, row), str(row.body["id"])
            kept: list[Put] = []
            if self.hooks.confirm(self.line, id_, code):
                blob = self.engine.vault.seal(code.encode(), context=self.place.context)
                kept = [Put(Item(pk=self.place.pk, sk=f"{HOOK}{id_}", body=row.body, blob=blob), guarded=False)]
            else:
                self.engine.metrics.count("ForgedHooks", system=self.place.system)
            self.engine.store.write([*kept, Delete(row.pk, row.sk)])

    def repair(self, service: str) -> bool:
        """False while one still waits for its handshake."""
        self.hand_back()
        here = f"/hooks/{self.place.system}/{self.place.token}/"
        listed = [one for one in self.hooks.registered(self.line) if here in one.url]
        # Read after the list, so that the secret of whatever the list shows as verified is among them.
        self.place = at(self.engine, self.place.system, self.place.token) or self.place
        wanted = {event: f"{service}{here}{noun}" for noun, events in self.hooks.events.items() for event in events}
        for one in listed:
            if wanted.get(one.event) != one.url:
                self.hooks.remove(self.line, one.id)
        self._forget(listed)
        settled = [
            self._one(event, url, [one for one in listed if (one.event, one.url) == (event, url)])
            for event, url in wanted.items()
        ]
        return all(settled)

    # ------------------------------------------------------------------ inside

    def _forget(self, listed: Sequence[Registered]) -> None:
        """Secrets of webhooks that are no more; and that they did not work, once they all do."""
        shown = {one.id for one in listed}
        old = [row for row in self.place.having(HOOK) if row.body["id"] not in shown]
        if listed and all(one.is_verified for one in listed):
            old += self.place.having(TOLD)
        for row in old:
            self.engine.store.write([Delete(row.pk, row.sk)])

    def _one(self, event: str, url: str, there: Sequence[Registered]) -> bool:
        """See to one event; False while its handshake is awaited."""
        known = {str(row.body["id"]) for row in self.place.having(HOOK)}
        offers = {str(row.body["id"]) for row in self.place.having(OFFER)}
        good = [one for one in there if one.is_verified and one.id in known]
        waiting = [one for one in there if one.id in offers or not one.is_verified]
        kept = (good or waiting)[:1]
        for one in there:
            if one not in kept:
                self.hooks.remove(self.line, one.id)  # doubled, or its secret is lost for good
        note = next((row for row in self.place.rows if row.sk == ASKED + event), Item(self.place.pk, ASKED + event))
        if good:
            return True
        return self._await(kept[0], note) if kept else self._register(event, url, note)

    def _register(self, event: str, url: str, note: Item) -> bool:
        now = self.engine.clock.now()
        if note.body.get("not_offered") and datetime.fromisoformat(str(note.body["at"])) + NOT_OFFERED_FOR > now:
            return True
        try:
            self.hooks.register(self.line, event, url)
        except NotOffered:
            self._note(note, {"not_offered": True, "at": now.isoformat()})
            return True
        self._note(note, {"at": now.isoformat(), "times": 0})
        return False

    def _await(self, one: Registered, note: Item) -> bool:
        """Ask for the handshake again, a few times; then people are told, and from then on it is asked for daily."""
        now, times = self.engine.clock.now(), int(str(note.body.get("times") or 0))
        asked = note.body.get("at")
        if asked and datetime.fromisoformat(str(asked)) + WAITS > now:
            return False
        self.hooks.resend(self.line, one.id)
        self._note(note, {"at": now.isoformat(), "times": times + 1})
        if times >= MOST_RESENT:
            self._tell()
        return times >= MOST_RESENT

    def _note(self, note: Item, body: Json) -> None:
        self.engine.store.write([Put(replace(note, body=body), guarded=False)])

    def _tell(self) -> None:
        """Once for all of them, until all have worked again."""
        engine, name = self.engine, self.place.name
        text = (
            f"{engine.load_system(self.place.system).title} does not reach us with the webhooks of {name}. Nothing is "
            "lost: every run reads what changed, only later.\n\nWhat to do: the operator sees that the address of this "
            "service can be reached from the internet. It is tried again every day."
        )
        told = Put(Item(pk=self.place.pk, sk=TOLD))
        with suppress(Conflict):
            notices.tell(engine, self.place.tenant, f"{name}: webhooks do not arrive", text, ops=[told])
