"""The writer: decide, write the intent, do it, write the outcome; and look first where an outcome is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from chalicelib.engine import intents, ledger, references
from chalicelib.engine.decide import Decision, Surroundings, decide
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain
from chalicelib.engine.flow import Move, Partner
from chalicelib.engine.hold import let_go, not_read, notice_jobs
from chalicelib.engine.ledger import Head
from chalicelib.engine.match import plain_name
from chalicelib.engine.merge import check_delete, check_update, stands
from chalicelib.engine.outcome import Outcomes
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Current, Done, Draft, Intent, Json, RecordKey, Sighting, Summary, canonical
from chalicelib.engine.tally import Tally


def deliver(engine: Engine, keys: Iterable[RecordKey]) -> None:
    """Bring the records as far as they can go now. Raises only for faults of our own."""
    ordered = sorted(set(keys), key=lambda key: (key.tenant, key.flow, key.move))
    for (tenant, name), group in groupby(ordered, key=lambda key: (key.tenant, key.flow)):
        flow = engine.open(tenant, name)
        if flow is not None:
            _flow(flow, list(group))


def _flow(flow: OpenFlow, keys: list[RecordKey]) -> None:
    now = flow.engine.clock.now()
    found = ledger.heads(flow.engine.store, keys).values()
    heads = [head for head in found if head.due is not None and not intents.busy(head, now)]
    tally = Tally()
    try:
        _moves(flow, heads, tally)
    finally:
        tally.keep(flow)


def _moves(flow: OpenFlow, heads: Sequence[Head], tally: Tally) -> None:
    now = flow.engine.clock.now()
    for move in flow.flow.moves:
        group = [head for head in heads if head.key.move == move.name]
        if not group:
            continue
        writer = Writer(flow, move, Outcomes(flow, move, tally))
        if flow.setup.state == "paused":
            writer.put_off(group, f"The flow {flow.setup.name} is paused.", now + flow.engine.pace.paused)
        elif flow.target_health.locked(now):
            writer.put_off(group, flow.target_health.message, datetime.fromisoformat(flow.target_health.until))
        else:
            writer.bring(group)


@dataclass(slots=True)
class Writer:
    """Records of one move of one customer, brought along together."""

    flow: OpenFlow
    move: Move
    outcomes: Outcomes
    ready: list[tuple[Head, Intent]] = field(default_factory=list)  # intents that are written and wait to be performed

    def put_off(self, heads: Iterable[Head], why: str, moment: datetime) -> None:
        for head in heads:
            self.outcomes.postponed(head, why, moment, keep_intent=True)

    def bring(self, heads: Sequence[Head]) -> None:
        try:
            waiting = [head for head in heads if head.intent is None]
            waiting += self._settle([head for head in heads if head.intent is not None])
            self._decide(waiting)
        except ConnectorError as trouble:
            # It concerns the connection, not one record: a list or a look-up did not come through.
            self._all_failed(heads, trouble)
        self._perform()

    # ------------------------------------------------------------------ unknown outcomes first

    def _settle(self, heads: Sequence[Head]) -> list[Head]:
        """Look for what an earlier intent came to. Returns the heads that are free to be decided anew."""
        if not heads:
            return []
        documents = ledger.bodies(self.flow.engine.store, [(head.key, "target") for head in heads])
        pending = [(head, intents.outstanding(head, documents)) for head in heads]
        creates = [(head, intent) for head, intent in pending if intent.op == "create"]
        sightings = self.flow.target_end.look([intent for _, intent in creates]) if creates else []
        for (head, intent), sighting in zip(creates, sightings, strict=True):
            self._settle_create(head, intent, sighting)
        changes = [(head, intent) for head, intent in pending if intent.op != "create"]
        return [free for head, intent in changes if (free := self._settle_change(head, intent)) is not None]

    def _settle_create(self, head: Head, intent: Intent, sighting: Sighting) -> None:
        if len(sighting.ours) == 1:
            self._found(head, intent, sighting.ours[0])
        elif sighting.ours:
            self.outcomes.held(head, _several(head, sighting.ours, self.flow.target_title), definite=False)
        elif self.move.match and len(sighting.twins) == 1:
            # Names are unique there: whoever made it, it is the one. Ours only if it is exactly what we sent.
            twin = sighting.twins[0]
            if twin.body == intent.body:
                self._found(head, intent, twin)
            else:
                self.outcomes.linked(head, twin.id, twin.label, "It has this name.")
        elif sighting.twins:
            self.outcomes.held(head, _exists(head, sighting.twins, self.flow.target_title), definite=False)
        else:
            self._repeat(head, intent)

    def _settle_change(self, head: Head, intent: Intent) -> Head | None:
        """What an update or a delete came to. Returns the head if it is to be decided anew."""
        assert head.intent is not None
        current = self.flow.target_end.read(intent.kind, str(head.intent["target_id"]))
        if current is None and intent.op == "delete":
            self.outcomes.deleted(head, "It is gone; the answer had been lost.")
            return None
        if current is not None and intent.op == "update" and stands(current, intent.body):
            self._found(head, intent, current, made="updated")
            return None
        if current is not None and current.version == head.intent["version"]:
            self._repeat(head, replace(intent, current=current))
            return None
        # The version moved on without our change: a late arrival of it would be refused as stale. Decide anew.
        return replace(head, intent=None, epoch=head.epoch + 1)

    def _found(self, head: Head, intent: Intent, current: Current, made: str = "created") -> None:
        found = Done(
            current=current, answer={"found": current.id, "holds": current.body}, notes=["The answer had been lost."]
        )
        self.outcomes.done(head, intent, found, made=made)

    def _repeat(self, head: Head, intent: Intent) -> None:
        """Proven absent: the very same attempt again, which the target would recognise."""
        self._write_intent(head, intent, again=True)

    # ------------------------------------------------------------------ decide

    def _decide(self, heads: Sequence[Head], *, afresh: bool = False) -> None:
        if not heads:
            return
        creates: list[tuple[Head, Intent, Decision]] = []
        held: list[Head] = []
        for head, decision in self._decisions(heads):
            if decision.action == "hold":
                assert decision.held is not None
                held.append(self.outcomes.held(head, decision.held))
            elif decision.action == "not_moved":
                self.outcomes.not_moved(head, decision.why)
            elif decision.action == "unchanged":
                self.outcomes.unchanged(head, decision.why)
            elif decision.action == "look":
                self._look(head, decision)
            elif decision.action == "link":
                self._link(head, decision)
            elif decision.action == "update":
                self._update(head, decision)
            elif decision.action == "delete":
                self._delete(head, decision)
            else:
                assert decision.draft is not None
                creates.append((head, intents.plan(self.flow, head, decision.draft), decision))
        self._guard(creates, afresh=afresh)
        self._wake(held)

    def _decisions(self, heads: Sequence[Head]) -> list[tuple[Head, Decision]]:
        engine, flow = self.flow.engine, self.flow
        kept = ledger.bodies(engine.store, [(head.key, "source") for head in heads])
        lists = references.load(flow, self._lists())
        documents = {head.key: self._document(head, kept.get((head.key, "source"))) for head in heads}
        partners: dict[tuple[str, str], Partner] = {}
        while True:
            around = Surroundings(
                setup=flow.setup,
                flow=flow.flow,
                policies=flow.policies,
                references=lists,
                partners=partners,
                target_title=flow.target_title,
            )
            decisions, wanted = [], set[tuple[str, str]]()
            for head in heads:
                document, came_from = documents[head.key]
                if isinstance(document, Held) and head.live:
                    decisions.append((head, Decision("hold", document.message, held=document)))
                    continue
                decision, wants = decide(head, self.move, document, came_from, around)
                decisions.append((head, decision))
                wanted |= wants
            if not wanted - partners.keys():
                return decisions
            partners |= self._partners(wanted - partners.keys())

    def _lists(self) -> list[str]:
        return self.move.lists(self.flow.policies)

    def _document(self, head: Head, kept: Json | None) -> tuple[object, Sequence[str] | None]:
        if kept is None:
            # Gone before we ever read it, which the decision sees first; or it never came through.
            return not_read(head, "it did not come through."), None
        body, came_from = kept["document"], kept.get("came_from")
        assert isinstance(body, dict)
        try:
            document = self.flow.source_end.parse(self.move.source.split(".", 1)[1], body)
        except Held as unreadable:
            document = unreadable.seen(canonical(body))
        return document, came_from if isinstance(came_from, list) else None

    def _partners(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Partner]:
        """How far the partners are; one that was never noticed is fetched by its id."""
        setup = self.flow.setup
        keys = {pair: RecordKey(setup.tenant, setup.name, *pair) for pair in wanted}
        found = ledger.heads(self.flow.engine.store, keys.values())
        notice_jobs(self.flow, [pair for pair, key in keys.items() if key not in found])
        return {pair: _partner(found.get(key), rehearsing=self.rehearsing) for pair, key in keys.items()}

    # ------------------------------------------------------------------ act

    @property
    def rehearsing(self) -> bool:
        return self.flow.setup.state == "rehearsing"

    def _link(self, head: Head, decision: Decision) -> None:
        ref = decision.reference
        assert ref is not None
        if self.rehearsing:
            self.outcomes.rehearsed(head, "link", decision.why, {"target_id": ref.id, "name": ref.name}, to=ref.id)
        else:
            self.outcomes.linked(head, ref.id, ref.label, decision.why)

    def _look(self, head: Head, decision: Decision) -> None:
        """Somebody asked for it: is it still there?"""
        assert head.link is not None
        if self.flow.target_end.read(self.move.target_kind, str(head.link["target_id"])) is None:
            self.outcomes.held(head, _missing(head, self.flow.target_title))
            return
        link = {name: value for name, value in head.link.items() if name != "look"}
        self.outcomes.unchanged(head, decision.why, link=link)

    def _update(self, head: Head, decision: Decision) -> None:
        """Read by id right before, compare three ways, and only then intend to write."""
        assert head.link is not None and decision.draft is not None
        target_id = str(head.link["target_id"])
        current = self.flow.target_end.read(self.move.target_kind, target_id)
        if current is None:
            self.outcomes.held(head, _missing(head, self.flow.target_title))
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
            self._write_intent(head, intents.plan(self.flow, head, decision.draft, current))

    def _delete(self, head: Head, decision: Decision) -> None:
        """Only what we made, only as we left it, and only if nothing hangs on it there."""
        assert head.link is not None
        current = self.flow.target_end.read(self.move.target_kind, str(head.link["target_id"]))
        if current is None:
            self.outcomes.deleted(head, f"{decision.why} It was gone already.")
            return
        sent = ledger.bodies(self.flow.engine.store, [(head.key, "target")])[(head.key, "target")]
        body = sent["body"]
        assert isinstance(body, dict)
        try:
            check_delete(current, {} if head.link.get("overwrite") else body, self.flow.target_title)
        except Held as held:
            self.outcomes.held(head, held)
            return
        draft = Draft(kind=self.move.target_kind, body=body, summary=Summary(title=str(head.summary.get("title"))))
        if self.rehearsing:
            self.outcomes.rehearsed(head, "delete", decision.why, body, to=current.id)
        else:
            self._write_intent(head, intents.plan(self.flow, head, draft, current, delete=True))

    def _guard(self, creates: Sequence[tuple[Head, Intent, Decision]], *, afresh: bool = False) -> None:
        """Before a first create: is there a twin that a person or a native connector entered?"""
        if not creates:
            return
        creates = self._one_of_a_kind(creates)
        outdated: list[Head] = []
        sightings = self.flow.target_end.look([intent for _, intent, _ in creates])
        for (head, intent, decision), sighting in zip(creates, sightings, strict=True):
            if len(sighting.ours) == 1:
                self._adopt(head, intent, sighting.ours[0])
            elif sighting.ours:
                self.outcomes.held(head, _several(head, sighting.ours, self.flow.target_title))
            elif sighting.twins and self.move.match and not afresh:
                outdated.append(head)
            elif sighting.twins:
                self.outcomes.held(head, self._twin(head, sighting.twins))
            elif self.rehearsing:
                self.outcomes.rehearsed(head, "create", decision.why, intent.body)
            else:
                self._write_intent(head, intent)
        if outdated:
            # The list we matched against was older than the target: read it anew and match again.
            references.refresh(self.flow, self.move.target_kind)
            self._decide(outdated, afresh=True)

    def _one_of_a_kind(
        self, creates: Sequence[tuple[Head, Intent, Decision]]
    ) -> Sequence[tuple[Head, Intent, Decision]]:
        """Of several that would be twins of one another, the first goes; the others wait until the guard can see it."""
        first: dict[tuple[object, ...], tuple[Head, Intent, Decision]] = {}
        for create in creates:
            head, _, decision = create
            assert decision.draft is not None
            if first.setdefault(_likeness(decision.draft), create) is not create:
                moment = self.outcomes.later(head, None)
                self.outcomes.postponed(head, "Another record with the same number or name goes first.", moment)
        return list(first.values())

    def _twin(self, head: Head, twins: Sequence[Current]) -> Held:
        """Whose it is decides the words: another record's of ours, or somebody else's."""
        owner = self.outcomes.owner(twins[0].id)
        if owner is not None and owner != head.key:
            return self.outcomes.claimed(head, twins[0].id, owner)
        return _exists(head, twins, self.flow.target_title)

    def _adopt(self, head: Head, intent: Intent, current: Current) -> None:
        """It carries this record's own mark: ours, although we had lost the link."""
        if self.rehearsing:
            self.outcomes.rehearsed(head, "link", "It carries this record's mark.", {"target_id": current.id})
            return
        self._found(head, replace(intent, body=current.body), current, made="adopted")

    def _write_intent(self, head: Head, intent: Intent, *, again: bool = False) -> None:
        new, ops = intents.sending(self.flow, head, intent, again=again)
        try:
            self.flow.engine.store.write(ops)
        except Conflict:
            return  # somebody else has it, or the source changed this moment: it is due again anyway
        self.ready.append((ledger.after(new), intent))

    def _perform(self) -> None:
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
                if isinstance(result, Done) and intent.op == "delete":
                    self.outcomes.deleted(head, "It was withdrawn at the source.", result)
                elif isinstance(result, Done):
                    made = "created" if intent.op == "create" else "updated"
                    self.outcomes.done(head, intent, result, made=made)
                else:
                    self.outcomes.failed(head, result)
            if not any(isinstance(result, LockedOut) for result in results):
                self.flow.engine.works(self.flow.target, self.flow.target_health)
            self._learn(results)

    def _learn(self, results: Sequence[Done | ConnectorError]) -> None:
        """The target turned down what our lists allowed, so they are outdated: read them anew.

        A hold that waits for a list goes when the list changes; that can only be seen from how it stands now.
        """
        waits = {token for result in results if isinstance(result, Held) for token in result.waits_for}
        for kind in self.flow.flow.lists(self.flow.policies):
            if f"reference:{kind}" in waits:
                with suppress(ConnectorError):
                    references.refresh(self.flow, kind)

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
        fresh = self.flow.engine.open(self.flow.setup.tenant, self.flow.setup.name)
        waits = {h.key: _record_tokens(self.flow, h) for h in held}
        partners = ledger.heads(self.flow.engine.store, {key for keys in waits.values() for key in keys})
        outdated = fresh is not None and fresh.setup.version != self.flow.setup.version
        outdated = outdated or references.outdated(self.flow, self._lists())
        for head in held:
            if outdated or any((partner := partners.get(key)) is not None and partner.link for key in waits[head.key]):
                let_go(self.flow, head)


def _likeness(draft: Draft) -> tuple[object, ...]:
    """What two documents share that a person would take for the same."""
    said = draft.summary
    if not said.party:
        return (plain_name(said.title),)
    number = plain_name(said.number)
    return (said.party, number) if number else (said.party, said.day, said.money)


def _partner(head: Head | None, *, rehearsing: bool) -> Partner:
    """Only a rehearsal counts on what is merely planned."""
    if head is None:
        return Partner()
    plan = (head.plan or {}) if rehearsing else {}
    planned = plan.get("action") in {"create", "link", "update"}
    linked = str((head.link or plan).get("target_id") or "")
    ours = (head.link or {}).get("made") != "linked"
    return Partner(target_id=linked, state=head.state, title=str(head.summary.get("title")), planned=planned, ours=ours)


def _record_tokens(flow: OpenFlow, head: Head) -> list[RecordKey]:
    waits = (head.hold or {}).get("waits_for")
    found = [str(token).split(":", 2) for token in waits] if isinstance(waits, list) else []
    return [RecordKey(flow.setup.tenant, flow.setup.name, t[1], t[2]) for t in found if t[0] == "record"]


def _exists(head: Head, twins: Sequence[Current], target_title: str) -> Held:
    shown = "; ".join(f"{twin.label} (id {twin.id})" for twin in twins[:5])
    return Held(
        "exists_in_target",
        f"{head.summary.get('title')} seems to be in {target_title} already, entered by somebody else: {shown}.",
        cause=shown,
        fix=f"If it is the same, link the record to it (mlc resolve ID --link {twins[0].id}) or dismiss the record. "
        f"If not, correct the number in {target_title}, then replay.",
    )


def _several(head: Head, ours: Sequence[Current], target_title: str) -> Held:
    shown = "; ".join(f"{one.label} (id {one.id})" for one in ours[:5])
    return Held(
        "duplicate_in_target",
        f"{head.summary.get('title')} is in {target_title} more than once with our mark: {shown}.",
        cause=str(head.summary.get("title")),
        fix=f"Delete all but one of them in {target_title}, then replay.",
    )


def _missing(head: Head, target_title: str) -> Held:
    label = (head.link or {}).get("label") or head.summary.get("title")
    return Held(
        "missing_in_target",
        f"{label} was deleted in {target_title}; it is not made again by itself.",
        cause=str(label),
        fix="Unlink the record so that it is created anew, or dismiss it if it was rightly deleted.",
    )
