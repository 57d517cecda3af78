"""Unknown outcomes first: what an earlier intent came to is looked up before anything is done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.engine import intents, ledger, sightings
from chalicelib.engine.decide import WITHDRAWING
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Later
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.merge import stands
from chalicelib.engine.outcome import Outcomes
from chalicelib.engine.records import Current, Done, Intent, Sighting


@dataclass(slots=True)
class Settlement:
    """`free` are the heads to be decided anew, `again` what is proven absent: the very same attempts once more.

    `waiting` are those about which the target cannot be asked yet.
    """

    flow: OpenFlow
    move: Move
    outcomes: Outcomes
    free: list[Head] = field(default_factory=list)
    again: list[tuple[Head, Intent]] = field(default_factory=list)
    waiting: list[tuple[Head, Later]] = field(default_factory=list)

    def settle(self, heads: Sequence[Head]) -> None:
        if not heads:
            return
        documents = ledger.bodies(self.flow.engine.store, [(head.key, "target") for head in heads])
        pending = [(head, intents.outstanding(head, documents)) for head in heads]
        self._creates([(head, intent) for head, intent in pending if intent.op == "create"])
        for head, intent in pending:
            if intent.op != "create":
                self._change(head, intent)

    def _creates(self, creates: Sequence[tuple[Head, Intent]]) -> None:
        seen = self.flow.target_end.look([intent for _, intent in creates]) if creates else []
        for (head, intent), sighting in zip(creates, seen, strict=True):
            if isinstance(sighting, Later):
                self.waiting.append((head, sighting))
            else:
                self._create(head, intent, sightings.standing(head, sighting))

    def _create(self, head: Head, intent: Intent, sighting: Sighting) -> None:
        title = self.flow.target_title
        if sighting.told is not None:
            self.outcomes.failed(head, sighting.told)
        elif len(sighting.ours) == 1:
            found(self.outcomes, head, intent, sighting.ours[0], made="created")
        elif sighting.ours:
            self.outcomes.held(head, sightings.several(head, sighting.ours, title), definite=False)
        elif self.move.match and len(sighting.twins) == 1:
            # Names are unique there: whoever made it, it is the one. Ours only if it is exactly what we sent.
            twin = sighting.twins[0]
            if twin.body == intent.body:
                found(self.outcomes, head, intent, twin, made="created")
            else:
                self.outcomes.linked(head, twin.id, twin.label, "It has this name.", rule="same name")
        elif sighting.twins:
            self.outcomes.held(head, sightings.exists(head, sighting.twins, title), definite=False)
        else:
            self.again.append((head, intent))

    def _change(self, head: Head, intent: Intent) -> None:
        """What an update, a delete or a void came to."""
        assert head.intent is not None
        try:
            current = self.flow.target_end.read(intent.kind, str(head.intent["target_id"]))
        except Later as later:
            self.waiting.append((head, later))
            return
        if current is None and intent.op in WITHDRAWING:
            self.outcomes.withdrawn(head, "deleted", "It is gone; the answer had been lost.")
        elif current is not None and current.void and intent.op == "void":
            self.outcomes.withdrawn(head, "voided", "It is void; the answer had been lost.")
        elif current is not None and intent.op == "update" and stands(current, intent.body):
            found(self.outcomes, head, intent, current, made="updated")
        elif current is not None and current.version == head.intent["version"]:
            self.again.append((head, replace(intent, current=current)))
        else:
            # The version moved on without our change: a late arrival of it would be refused as stale. Decide anew.
            self.free.append(replace(head, intent=None, epoch=head.epoch + 1))


def found(outcomes: Outcomes, head: Head, intent: Intent, current: Current, *, made: str) -> None:
    """It happened, although its answer never came."""
    answer: dict[str, object] = {"found": current.id, "holds": current.body}
    done = Done(current=current, answer=answer, notes=["The answer had been lost."])
    outcomes.done(head, intent, done, made=made, differs_there=made == "adopted" and not stands(current, intent.body))
