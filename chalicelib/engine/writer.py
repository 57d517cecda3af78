"""The writer: decide, write the intent, do it, write the outcome; and look first where an outcome is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.engine import covers, due, intents, ledger, parts, references, restored, sightings
from chalicelib.engine.decide import Decision
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import ConnectorError, Held, Later, LockedOut, TryAgain
from chalicelib.engine.flow import Move
from chalicelib.engine.handover import WITHDRAWN, Handover
from chalicelib.engine.hold import arrived, let_go, partner_keys, read_again
from chalicelib.engine.ledger import Head
from chalicelib.engine.match import likeness, plain_name
from chalicelib.engine.merge import check_update, check_withdrawal
from chalicelib.engine.outcome import Outcomes, kind_of
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Current, Draft, Intent, Json, RecordKey, Sighting, Summary
from chalicelib.engine.settle import Settlement, found
from chalicelib.engine.weigh import weigh

TRIES_OF_LOCKED = 4  # about eight minutes


@dataclass(slots=True)
class Writer:
    """Records of one move of one customer, brought along together."""

    flow: OpenFlow
    move: Move
    outcomes: Outcomes
    handover: Handover

    def put_off(self, heads: Iterable[Head], why: str, moment: datetime) -> None:
        for head in heads:
            self.outcomes.postponed(head, why, moment, keep_intent=True)

    def bring(self, heads: Sequence[Head]) -> None:
        self._take_up(heads)
        self.handover.perform()

    def _take_up(self, heads: Sequence[Head]) -> None:
        try:
            settled = Settlement(self.flow, self.move, self.outcomes)
            settled.settle([head for head in heads if head.intent is not None])
            for head, intent in settled.again:
                self.handover.begin(head, intent, again=True)
            for head, later in settled.waiting:
                self._wait([head], later)
            self._decide([head for head in heads if head.intent is None] + settled.free)
        except ConnectorError as trouble:
            # It concerns the connection, not one record: a list or a look-up did not come through.
            self._all_failed(heads, trouble)

    # ------------------------------------------------------------------ decide

    def _decide(self, heads: Sequence[Head], *, afresh: bool = False) -> None:
        if not heads:
            return
        try:
            weighed = parts.in_turn(self.flow, weigh(self.flow, self.move, heads))
        except Later as later:
            self._wait(heads, later)
            return
        due.decide_again(self.flow, {pair for _, decision in weighed for pair in decision.concerned})
        read_again(self.flow, {pair for _, decision in weighed for pair in decision.reread})
        creates: list[tuple[Head, Intent, Decision]] = []
        held: list[Head] = []
        for head, decision in weighed:
            if decision.action == "hold":
                assert decision.held is not None
                held.append(self.outcomes.held(head, decision.held))
            elif decision.action in ("split", "divide_again"):
                continue
            elif decision.action == "create":
                assert decision.draft is not None
                creates.append((head, intents.plan(self.flow, head, decision.draft), decision))
            else:
                try:
                    self._act(head, decision)
                except Later as later:
                    self._wait([head], later)
                except Held as problem:  # of this record's place there; the others go on
                    self.outcomes.held(head, problem)
        self._guard(creates, afresh=afresh)
        self._divide([(head, decision) for head, decision in weighed if decision.action == "split"])
        parts.divide_again(self.flow, [head for head, decision in weighed if decision.action == "divide_again"])
        self._wake(held)

    def _divide(self, splits: Sequence[tuple[Head, Decision]]) -> None:
        """What each comes to is decided next: what goes before what takes its place."""
        found: list[Head] = []
        for head, decision in splits:
            try:
                found += parts.divide(self.flow, head, decision)
            except Held as too_many:
                self.outcomes.held(head, too_many)
        if found:
            self._take_up(found)

    def _wait(self, heads: Iterable[Head], later: Later) -> None:
        """They lie in the outbox until the other side calls; those that lie there already are left as they are."""
        for head in heads:
            if head.due is None or head.due[0] != ledger.OUTBOX:
                self.outcomes.waiting(head, later.message)

    # ------------------------------------------------------------------ act

    def _act(self, head: Head, decision: Decision) -> None:
        if head.link is not None and decision.draft is not None and not self._covers(head, decision.draft):
            return
        if decision.action == "not_moved":
            self.outcomes.not_moved(head, decision.why, decision.follows)
        elif decision.action == "told":
            self.outcomes.told(head, decision.why, decision.read_again)
        elif decision.action == "forecast":
            self.outcomes.forecast(head, decision.why)
        elif decision.action == "unchanged":
            self.outcomes.unchanged(head, decision.why)
        elif decision.action == "look":
            self._look(head, decision)
        elif decision.action == "link":
            self._link(head, decision)
        elif decision.action == "update":
            self._update(head, decision)
        else:
            self._withdraw(head, decision)

    @property
    def rehearsing(self) -> bool:
        return self.flow.setup.state == "rehearsing"

    def _link(self, head: Head, decision: Decision) -> None:
        ref = decision.reference
        assert ref is not None
        if self.rehearsing:
            self.outcomes.rehearsed(head, "link", decision.why, {"target_id": ref.id, "name": ref.name}, to=ref.id)
        else:
            alike = likeness(decision.draft, ref) if decision.draft else None
            self.outcomes.linked(head, ref.id, ref.label, decision.why, rule=decision.by, likeness=alike)

    def _look(self, head: Head, decision: Decision) -> None:
        """Somebody asked for it: is it still there?"""
        assert head.link is not None
        if self.flow.target_end.read(kind_of(head, self.move), str(head.link["target_id"])) is None:
            self.outcomes.held(head, sightings.missing(head, self.flow.target_title))
            return
        link = {name: value for name, value in head.link.items() if name != "look"}
        self.outcomes.unchanged(head, decision.why, link=link)

    def _update(self, head: Head, decision: Decision) -> None:
        """Read by id right before, compare three ways, and only then intend to write."""
        assert head.link is not None and decision.draft is not None
        target_id = str(head.link["target_id"])
        current = self.flow.target_end.read(kind_of(head, self.move), target_id)
        if current is None:
            self.outcomes.held(head, sightings.missing(head, self.flow.target_title))
            return
        written = ledger.bodies(self.flow.engine.store, [(head.key, "written")]).get((head.key, "written"))
        try:
            # A person who chose to overwrite has seen the other version: then there is nothing to compare it with.
            known = None if head.link.get("overwrite") else written
            needed = check_update(current, known, decision.draft, self.flow.target_title)
        except Held as held:
            self.outcomes.held(head, held)
            return
        if not needed:
            link = {**head.link, "hash": decision.hash, "version": current.version}
            ops = ledger.body_ops(head.key, "written", current.body)
            self.outcomes.unchanged(head, "The target has it already.", ops=ops, link=link)
        elif self.rehearsing:
            self.outcomes.rehearsed(head, "update", decision.why, decision.draft.body)
        else:
            self.handover.begin(head, intents.plan(self.flow, head, decision.draft, current))

    def _withdraw(self, head: Head, decision: Decision) -> None:
        """Only what we made, only as we left it, and only if nothing hangs on it there."""
        assert head.link is not None
        kind = kind_of(head, self.move)
        current = self.flow.target_end.read(kind, str(head.link["target_id"]))
        if current is None:
            self.outcomes.withdrawn(head, "deleted", f"{decision.why} It was gone already.")
            return
        if current.void and decision.action == "void":
            self.outcomes.withdrawn(head, "voided", f"{decision.why} It was void already.")
            return
        sent = ledger.bodies(self.flow.engine.store, [(head.key, "target")]).get((head.key, "target"))
        if sent is None:
            self.outcomes.held(head, _never_written(current.label or current.id, decision.why))
            return
        body, once = sent["body"], sent["once"]
        assert isinstance(body, dict) and isinstance(once, dict)
        shown = body | {name: once[name] for name in current.once if name in once}
        try:
            known = {} if head.link.get("overwrite") else shown
            check_withdrawal(current, known, self.flow.target_title, WITHDRAWN[decision.action])
        except Held as held:
            self._withdraw_later(head, held)
            return
        summary, aggregate = Summary(title=str(head.summary.get("title"))), str(head.link.get("aggregate") or "")
        draft = Draft(kind=kind, body=body, summary=summary, aggregate=aggregate)
        if self.rehearsing:
            self.outcomes.rehearsed(head, decision.action, decision.why, body, to=current.id)
        else:
            self.handover.begin(head, intents.plan(self.flow, head, draft, current, withdraw=decision.action))

    def _withdraw_later(self, head: Head, held: Held) -> None:
        """What hangs on it there may be ours too, and be withdrawn this moment: only what stays needs a person."""
        hangs = held.reason == "target_locked" and self.flow.flow.carries(self.move)
        if hangs and head.attempts < TRIES_OF_LOCKED:
            self.outcomes.failed(head, TryAgain(held.message))
        else:
            self.outcomes.held(head, held)

    def _covers(self, head: Head, draft: Draft) -> bool:
        """Whether it may be written; if not, its outcome is written."""
        try:
            self.handover.checks[head.key] = covers.claim(self.flow, head, draft.covers)
        except ConnectorError as taken:
            self.outcomes.failed(head, taken)
            return False
        return True

    def _guard(self, creates: Sequence[tuple[Head, Intent, Decision]], *, afresh: bool = False) -> None:
        """Before a first create: is there a twin that a person or a native connector entered?"""
        if not creates:
            return
        if not afresh and self._list_is_old([head for head, _, _ in creates]):
            self._decide_afresh([head for head, _, _ in creates])
            return
        free = [create for create in creates if create[2].draft and self._covers(create[0], create[2].draft)]
        creates = self._presume(self._one_of_a_kind(free))
        outdated: list[Head] = []
        seen = self.flow.target_end.look([intent for _, intent, _ in creates])
        for (head, intent, decision), sighting in zip(creates, seen, strict=True):
            if isinstance(sighting, Later):
                self._wait([head], sighting)
            elif sighting.twins and not sighting.ours and self.move.match and not afresh:
                outdated.append(head)
            else:
                self._create(head, intent, decision, sightings.standing(head, sighting))
        if outdated:
            self._decide_afresh(outdated)

    def _list_is_old(self, heads: Sequence[Head]) -> bool:
        """Whether it was read before they were noticed: no look-up by name finds the near-twins entered since."""
        if not self.move.match or self.flow.engine.load_system(self.flow.target.system).caller is not None:
            return False
        noticed = max(datetime.fromisoformat(head.noticed_at) for head in heads)
        return bool(references.older_than(self.flow, [self.move.target_kind], noticed))

    def _decide_afresh(self, heads: Sequence[Head]) -> None:
        """The list we matched against was older than the target: read it anew and match again."""
        try:
            references.refresh(self.flow, self.move.target_kind)
        except Later as later:
            self._wait(heads, later)
        else:
            self._decide(heads, afresh=True)

    def _presume(self, creates: Sequence[tuple[Head, Intent, Decision]]) -> Sequence[tuple[Head, Intent, Decision]]:
        """What may have been made in a time that a restored table lost is settled as if its answer had been lost."""
        setup, store = self.flow.setup, self.flow.engine.store
        lost = restored.doubtful(store, setup, [head for head, _, _ in creates]) if not self.rehearsing else set()
        presumed: list[Head] = []
        for head, intent, _ in creates:
            if head.key in lost:
                new, ops = intents.sending(self.flow, head, intent, presumed=setup.restored["to"])
                with suppress(Conflict):  # somebody else has it: it is due again anyway
                    store.write(ops)
                    presumed.append(ledger.after(new))
        if presumed:
            self._take_up(presumed)
        return [create for create in creates if create[0].key not in lost]

    def _create(self, head: Head, intent: Intent, decision: Decision, sighting: Sighting) -> None:
        if sighting.told is not None:
            self.outcomes.failed(head, sighting.told)
        elif len(sighting.ours) == 1:
            self._adopt(head, intent, sighting.ours[0])
        elif sighting.ours:
            self.outcomes.held(head, sightings.several(head, sighting.ours, self.flow.target_title))
        elif sighting.twins:
            self.outcomes.held(head, self._twin(head, intent.kind, sighting.twins))
        elif self.rehearsing:
            at: Json = {"kind": intent.kind, "aggregate": intent.aggregate}
            self.outcomes.rehearsed(head, "create", decision.why, intent.body, at=at)
        else:
            self.handover.begin(head, intent)

    def _one_of_a_kind(
        self, creates: Sequence[tuple[Head, Intent, Decision]]
    ) -> Sequence[tuple[Head, Intent, Decision]]:
        """Of several that would be twins of one another, the first goes; the others wait until the guard can see it."""
        first: dict[tuple[object, ...], tuple[Head, Intent, Decision]] = {}
        for create in creates:
            head, _, decision = create
            assert decision.draft is not None
            if first.setdefault(_likeness(decision.draft, head.key.part), create) is not create:
                moment = self.outcomes.later(head, None)
                self.outcomes.postponed(head, "Another record with the same number or name goes first.", moment)
        return list(first.values())

    def _twin(self, head: Head, kind: str, twins: Sequence[Current]) -> Held:
        """Whose it is decides the words: another record's of ours, or somebody else's."""
        owner = self.outcomes.owner(kind, twins[0].id)
        if owner is not None and owner != head.key:
            return self._replaces(owner) or self.outcomes.claimed(head, kind, twins[0].id, owner)
        return sightings.exists(head, twins, self.flow.target_title)

    def _replaces(self, owner: RecordKey) -> Held | None:
        """Some edits at a source delete a document and enter it anew: it waits until the former one is taken away."""
        known = ledger.heads(self.flow.engine.store, {owner, owner.whole})
        withdrawn = any(not head.live for head in known.values())
        return parts.takes_place_of(known[owner]) if withdrawn and owner in known else None

    def _adopt(self, head: Head, intent: Intent, current: Current) -> None:
        """It carries this record's own mark: ours, although we had lost the link."""
        if self.rehearsing:
            request: Json = {"target_id": current.id}
            self.outcomes.rehearsed(head, "link", "It carries this record's mark.", request, to=current.id)
            return
        found(self.outcomes, head, replace(intent, body=current.body), current, made="adopted")

    def _all_failed(self, heads: Sequence[Head], trouble: ConnectorError) -> None:
        """Give every record of the group that has neither an outcome nor a fresh intent the connection's trouble."""
        engine = self.flow.engine
        for head in ledger.heads(engine.store, [head.key for head in heads]).values():
            if head.due is None or intents.busy(head, engine.clock.now()):
                continue
            if head.intent is None:
                self.outcomes.failed(head, trouble)
                continue
            # The look-up itself did not come through: the intent stays, nothing is counted against the record.
            if isinstance(trouble, LockedOut):
                engine.locked_out(self.flow.target, trouble)
            after = trouble.after if isinstance(trouble, TryAgain) else None
            moment = self.outcomes.later(head, after)
            self.outcomes.postponed(head, trouble.message, moment, keep_intent=True)

    def _wake(self, held: Sequence[Head]) -> None:
        """A partner that arrived, a list or a set-up that changed while we were holding: nobody would tell us again."""
        if not held:
            return
        fresh = self.flow.engine.open(self.flow.setup.tenant, self.flow.setup.name, move=self.move.name)
        partners = ledger.heads(self.flow.engine.store, {key for head in held for key in partner_keys(self.flow, head)})
        outdated = fresh is not None and fresh.setup.version != self.flow.setup.version
        outdated = outdated or references.outdated(self.flow, self.move.lists(self.flow.policies))
        for head in held:
            if outdated or arrived(self.flow, head, partners):
                let_go(self.flow, head)


def _likeness(draft: Draft, part: str) -> tuple[object, ...]:
    """What two documents share that a person would take for the same; two parts are in different places."""
    said = draft.summary
    if not said.party:
        return (plain_name(said.title),)
    number = plain_name(said.number)
    return (said.party, number, part) if number else (said.party, said.day, said.money, part)


def _never_written(label: str, why: str) -> Held:
    return Held(
        "withdrawn_at_source",
        f"{why} {label} was found there and never written by us, so it is not taken away.",
        cause=label,
        fix="Take it away there if it should go too, then replay; or dismiss it here.",
    )
