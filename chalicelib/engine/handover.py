"""What is about to be done in the target is written down, done, and what came of it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from chalicelib.engine import intents, lease, ledger, references
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import ConnectorError, Held, Later, LockedOut
from chalicelib.engine.ledger import Head
from chalicelib.engine.outcome import Outcomes
from chalicelib.engine.ports import Check, Conflict
from chalicelib.engine.records import Done, Intent, RecordKey

WITHDRAWN = {"delete": "deleted", "void": "voided"}  # by what was done: what came of it


@dataclass(slots=True)
class Handover:
    """Intents of one move on their way.

    `ready` are those that are written down and wait to be performed, `checks` what one must not be written without.
    """

    flow: OpenFlow
    outcomes: Outcomes
    ready: list[tuple[Head, Intent]] = field(default_factory=list)
    checks: dict[RecordKey, list[Check]] = field(default_factory=dict)

    def begin(self, head: Head, intent: Intent, *, again: bool = False) -> None:
        """Write down what is about to be done, unless somebody else is at work there."""
        room = self.flow.target_end.room
        if room is not None and len(self.ready) >= room:
            return  # it stays in the outbox: what cannot be handed over now is not written down as begun
        leased = lease.take(self.flow, head, intent.aggregate, [waiting.key for waiting, _ in self.ready])
        if leased is None:
            moment = self.outcomes.later(head, None)
            self.outcomes.postponed(head, "Another record is being written there.", moment, keep_intent=again)
            return
        new, ops = intents.sending(self.flow, head, intent, again=again)
        try:
            self.flow.engine.store.write([*ops, *leased, *self.checks.get(head.key, [])])
        except Conflict:
            return  # somebody else has it, or the source changed this moment: it is due again anyway
        assert new.intent is not None
        self.ready.append((ledger.after(new), replace(intent, at=str(new.intent["at"]), again=again)))

    def perform(self) -> None:
        if not self.ready:
            return
        try:
            self.flow.engine.check_company(self.flow.target)
        except ConnectorError as trouble:
            for head, _ in self.ready:
                self.outcomes.failed(head, trouble)
            return
        size = self.flow.target_end.most_per_call
        for begin in range(0, len(self.ready), size):
            batch = self.ready[begin : begin + size]
            results = self.flow.target_end.perform([intent for _, intent in batch])
            for (head, intent), result in zip(batch, results, strict=True):
                if not isinstance(result, Later):
                    self.ended(head, intent, result)
            if not any(isinstance(result, LockedOut | Later) for result in results):
                self.flow.engine.works(self.flow.target, self.flow.target_health)
            self._learn(results)

    def ended(self, head: Head, intent: Intent, result: Done | ConnectorError) -> None:
        if isinstance(result, Done) and intent.op in WITHDRAWN:
            self.outcomes.withdrawn(head, WITHDRAWN[intent.op], "It was withdrawn at the source.", result)
        elif isinstance(result, Done):
            self.outcomes.done(head, intent, result, made="created" if intent.op == "create" else "updated")
        else:
            self.outcomes.failed(head, result)

    def _learn(self, results: Sequence[Done | ConnectorError | Later]) -> None:
        """The target turned down what our lists allowed, so they are outdated: read them anew.

        A hold that waits for a list goes when the list changes; that can only be seen from how it stands now.
        """
        waits = references.waited_for(
            token for result in results if isinstance(result, Held) for token in result.waits_for
        )
        known = {*self.flow.flow.lists(self.flow.policies), *self.flow.flow.placed}
        for kind in sorted(kind for kind in waits if kind.partition("@")[0] in known):
            with suppress(ConnectorError, Later):
                references.refresh(self.flow, kind)
