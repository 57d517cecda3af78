"""Wait for what a ping came to."""

from __future__ import annotations

from mlc.client import Json, part
from mlc.session import Found, Session

PING_SECONDS = 60.0


def pinged(session: Session, name: str, errand: str) -> Json:
    client = session.client

    def look() -> Found:
        found = client.get(f"/connections/{part(name)}/ping/{part(errand)}")
        return (found if found["state"] == "done" else None), ""

    late: Json = {
        "ok": False,
        "message": f"No answer within {PING_SECONDS:g} seconds.",
        "fix": "Is the service's job queue being worked off? `mlc status` shows how it fares.",
    }
    return session.wait(look, seconds=PING_SECONDS, says=f"Asking {name} whose company it is...") or late
