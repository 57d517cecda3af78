"""What QuickBooks said about a write, or about the PC, in the engine's words."""

from __future__ import annotations

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.systems.quickbooks_desktop import hresults, statuses
from chalicelib.systems.quickbooks_desktop.reading import Status
from chalicelib.systems.quickbooks_desktop.statuses import Meaning


def refusal(status: Status, *, title: str) -> ConnectorError | None:
    """What came of a write by its status; None: it is done."""
    detail = statuses.plain_words(status.message)
    said = statuses.meaning(status.code, status.severity, writes=True, detail=status.message)
    if said.kind == "FINE":
        return None
    return problem(said, title=title, detail=detail).seen(f"{status.code} {status.severity}: {status.message}")


def no_answer(hresult: str, message: str, *, title: str) -> ConnectorError:
    """What an hresult says of a write that was under way."""
    said = hresults.meaning(hresult, writes=True)
    return problem(said, title=title, detail=statuses.plain_words(message)).seen(f"{hresult}: {message}")


def is_doubt(trouble: ConnectorError) -> bool:
    """It says nothing of what came of it."""
    return isinstance(trouble, TryAgain | Stale | Unknown)


def problem(said: Meaning, *, title: str, detail: str, connection: str = "this company file") -> ConnectorError:
    words = said.says.format(title=title, detail=detail or "(no words)", company=connection)
    if said.kind in ("HOLD", "BUG", "ADOPT"):  # who has the name is no vendor: those were asked for right before
        cause = f"{title}: {detail}" if detail else title
        return Held(said.reason, words, cause=cause[:300], fix=said.fix, owner=said.owner, waits_for=said.waits_for)
    if said.kind == "LOCKED":
        return LockedOut(words, fix=said.fix)
    if said.kind == "UNKNOWN":
        return Unknown(words)
    if said.kind in ("REREAD", "ABSENT"):
        return Stale(words)
    return TryAgain(words, counts=said.kind == "LATER", most=said.most)
