"""What a complaint of FreshBooks' means, and what a customer does about it: where in FreshBooks, and what then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# RETRY: told to wait. LATER: an outage; of a write the outcome is open. REFRESH: access ran out. REREAD: somebody else
# changed it. GONE: deleted, or never there.
Class = Literal["RETRY", "LATER", "REFRESH", "REREAD", "GONE", "HOLD", "BUG"]


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
    return Meaning("BUG", "request_not_accepted", f"FreshBooks did not accept {{title}}: {says}", fix, "operator")


NOTHING = "Nothing: it goes on by itself."
AS_IT_SAYS = (
    "Correct it as FreshBooks says, at the source or in FreshBooks, then replay. If it speaks of something that nobody "
    "entered, tell the operator."
)
FILL_IN = (
    "Fill it in at the source, or map it, then replay. If nothing is missing there, the operator looks at the request "
    "in the trail."
)
PLAN = (
    "See in FreshBooks under Settings > Billing and Upgrade that the subscription is active and that the plan has "
    "this, then replay."
)
PERMISSION = (
    "The owner or an admin of the business signs in: an admin runs `mlc connect {company}` and that person opens the "
    "link. If it was such a person already, see in the FreshBooks developer portal that the app has the scope; then "
    "replay."
)
LOOK_FOR_IT = (
    "Look in FreshBooks whether the category, account or vendor that it points to is still there; make it active again "
    "or map to another one. It goes by itself then."
)
