"""What a complaint of Procore's means, and what a customer does about it: where in Procore, and what then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.engine.errors import Held

# RETRY: told to wait. LATER: an outage; of a write the outcome is open. BUSY: nothing happened, once more. SPLIT: too
# much at once. REFRESH: access ran out. REREAD: it is there already. GONE: missing or hidden. LOCKED: as synced.
Class = Literal[
    "RETRY", "LATER", "BUSY", "SPLIT", "REFRESH", "REREAD", "TENANT", "GONE", "LOCKED", "HOLD", "BUG"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """`waits_for` are the target's lists whose change lets a held record go by itself."""

    kind: Class
    reason: str
    says: str
    fix: str
    owner: str = "bookkeeper"
    waits_for: tuple[str, ...] = ()


def hold(reason: str, says: str, fix: str, *waits_for: str, owner: str = "bookkeeper") -> Meaning:
    return Meaning("HOLD", reason, says, fix, owner, tuple(f"reference:{kind}" for kind in waits_for))


def bug(says: str) -> Meaning:
    fix = (
        "Tell the operator: the mistake is in our request, which the trail holds, not in the document. Replay the "
        "record once it is mended."
    )
    return Meaning("BUG", "request_not_accepted", f"Procore did not accept {{title}}: {says}", fix, "operator")


# Lists that are kept for each project apart.
PLACED = ("billing_period", "commitment", "project_vendor", "readiness", "requisition", "wbs_code")


def in_project(held: Held, project: str) -> Held:
    """The hold with its project named in the lists that it waits for."""
    waits = [f"{token}@{project}" if token.partition(":")[2] in PLACED else token for token in held.waits_for]
    there = Held(held.reason, held.message, cause=held.cause, fix=held.fix, owner=held.owner, waits_for=waits)
    return there.seen(held.evidence) if held.evidence else there


NOTHING = "Nothing: it goes on by itself."
PERMISSION = (
    "A Procore administrator sees under Company Admin > App Management > the app > Permissions that the project is on "
    "the list of permitted projects and that the app may write in this tool, and in the project's Admin > Tool "
    "Settings that the tool is switched on; it goes by itself then."
)
HIDDEN = (
    "A project that is there and is not found is hidden from the app: a Procore administrator puts it on the list of "
    "permitted projects under Company Admin > App Management > the app > Permissions; it goes by itself then."
)
CONNECT = (
    "A Procore administrator installs or connects the app for the company of {company} under Company Admin > App "
    "Management; an admin then runs `mlc ping {company}`, and what waits goes on by itself."
)
PERIODS = (
    "Open a billing period for its date in Procore under the project's Commitments > Billing Periods; it goes by "
    "itself then."
)
ON_PROJECT = "Add the vendor to the project's Directory > Companies in Procore; it goes by itself then."
COMMITMENT_VENDOR = (
    "Name the vendor on the commitment in Procore under the project's Commitments; it goes by itself then."
)
BUDGET = "Unlock the project's Budget in Procore, or ask whoever locked it, then replay."
UNLINK = (
    "Unlink or unlock it in Procore (open it there, menu > Unlink), or correct it there by hand and dismiss the record "
    "here; then replay."
)
AGAIN_HERE = (
    "Look for it in Procore: if it is there under another id, link the record to it; if not, unlink the record and "
    "replay it, so that it is made anew."
)
LOOK_FOR_IT = (
    "Look in Procore whether the project, the commitment or the vendor that it belongs to is still there and may be "
    "seen by the app (Company Admin > App Management > Permissions); then replay."
)
AS_IT_SAYS = (
    "Correct it as Procore says, at the source or in Procore, then replay. If it speaks of something that nobody "
    "entered, tell the operator."
)
