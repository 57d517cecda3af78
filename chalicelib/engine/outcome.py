"""Write down what came of it. Every ending of a try is one method here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.engine import due, hold, ledger
from chalicelib.engine.engine import RETRY_LOCKED_OUT, OpenFlow
from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Refused, Stale, TryAgain, Unknown
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Check, Conflict, Delete, Item, Op, Put
from chalicelib.engine.records import Done, Intent, Json, Money, RecordKey, fingerprint
from chalicelib.engine.setup import pk
from chalicelib.engine.tally import Tally

TRIES = 6
log = logging.getLogger("mlc")
Change = Callable[[Head], Head]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the head changes, and what its trail and its documents take up in the same write."""

    change: Change
    what: str
    told: Json
    ops: Sequence[Op] = ()


def write(flow: OpenFlow, head: Head, ending: Ending) -> Head:
    """Apply the ending to the head as it stands now, with one entry of the trail.

    A source change kept meanwhile is never put to rest by an outcome of the older state: it is due again at once.
    Raises Conflict after too many races, and when one of the `ops` lost (a claim that is taken).
    """
    store, now, seen = flow.engine.store, flow.engine.clock.now(), head.revision
    for _ in range(TRIES):
        new = replace(ending.change(head), updated_at=now.isoformat())
        if head.revision > seen and new.due is None:
            new = replace(new, state="unknown" if new.intent else "waiting", hold=None, due=("a", now.isoformat()))
        body = {**ending.told, "correlation": new.correlation} if new.correlation else ending.told
        entry = ledger.trail_op(head.key, now, ending.what, body, salt=str(head.version))
        try:
            store.write([ledger.put(new), *ending.ops, entry])
        except Conflict as lost:
            if any(key != (head.key.pk, ledger.HEAD) for key in lost.keys):
                raise
            fresh = ledger.heads(store, [head.key])[head.key]
            attempt = (head.intent or {}).get("attempt_key")
            if (fresh.intent or {}).get("attempt_key") != attempt or (attempt is None and fresh.revision != seen):
                return fresh  # another worker settled it, or there is a newer state to decide on
            head = fresh
            continue
        told = {"tenant": head.key.tenant, "flow": head.key.flow, "record": head.key.id, "state": new.state}
        request = {"request_id": ending.told["request_id"]} if ending.told.get("request_id") else {}
        log.info(ending.what, extra={**told, **request, "correlation": new.correlation})
        return ledger.after(new)
    raise Conflict([(head.key.pk, ledger.HEAD)])


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The endings of one move's records. Each returns the head as it was written."""

    flow: OpenFlow
    move: Move
    tally: Tally = field(default_factory=Tally)

    # ------------------------------------------------------------------ well

    def done(self, head: Head, intent: Intent, result: Done, *, made: str, differs_there: bool = False) -> Head:
        """The target has it: link, claim, what was written there, and the outcome.

        `differs_there`: it is not as we want it, so the record is decided again.
        """
        current, now = result.current, self.flow.engine.clock.now().isoformat()
        link: Json = {
            "target_id": current.id,
            "version": current.version,
            "made": (head.link or {}).get("made") or "created",
            "hash": fingerprint(intent.body),
            "url": current.url,
            "label": current.label,
            "kind": intent.kind,
            "aggregate": intent.aggregate,
            "rule": current.known_by or (head.link or {}).get("rule") or ("its mark" if made == "adopted" else ""),
        }
        outcome: Json = {"action": made, "at": now, "label": current.label, "request_id": result.request_id}
        told: Json = {**outcome, "target_id": current.id, "answer": result.answer, "notes": list(result.notes)}
        differs = self._total_differs(intent, result)

        def change(h: Head) -> Head:
            settled = replace(
                h, state="done", link=link, outcome=outcome, intent=None, plan=None, hold=None, due=None, trouble=""
            )
            settled = replace(settled, attempts=0, epoch=h.epoch + 1)
            if differs is not None:
                return hold.held_head(self.flow, settled, differs)
            newer = h.revision > intent.revision or differs_there
            return replace(settled, state="waiting", due=("a", now)) if newer else settled

        ending = Ending(change, made, told, ledger.body_ops(head.key, "written", current.body))
        same = (head.link or {}).get("target_id") == current.id
        new = write(self.flow, head, ending) if same else self._claim(head, intent.kind, current.id, ending)
        self._moved(new, outcome)
        if differs is not None:
            hold.tell(self.flow, differs)
        return new

    def linked(
        self,
        head: Head,
        target_id: str,
        label: str,
        why: str,
        *,
        rule: str,
        kind: str = "",
        likeness: Json | None = None,
    ) -> Head:
        """An existing entry of the target is taken for the same, by that rule; nothing was written there."""
        kind = kind or self.move.target_kind
        link: Json = {
            "target_id": target_id,
            "version": "",
            "made": "linked",
            "hash": "",
            "source": head.fingerprint,  # the state of the source that the link was made for
            "url": "",
            "label": label,
            "kind": kind,
            "rule": rule,
            "likeness": likeness,
        }
        now = self.flow.engine.clock.now().isoformat()
        outcome: Json = {"action": "linked", "at": now, "label": label, "why": why}
        ending = Ending(
            lambda h: replace(_at_rest(h), state="done", link=link, outcome=outcome),
            "linked",
            {"why": why, "target_id": target_id, "label": label, **({"likeness": likeness} if likeness else {})},
        )
        new = self._claim(head, kind, target_id, ending)
        self._moved(new, outcome)
        return new

    def withdrawn(self, head: Head, action: str, why: str, result: Done | None = None) -> Head:
        """Ours is deleted or voided in the target: the link and the claim are given up.

        It is withdrawn at the source; or it lives and belongs elsewhere now, where it is made next.
        """
        now, old = self.flow.engine.clock.now().isoformat(), head.link or {}
        target_id, label = str(old.get("target_id", "")), str(old.get("label", ""))
        outcome: Json = {"action": action, "at": now, "label": label}
        told: Json = {"why": why, "target_id": target_id, "label": label}
        if result is not None:
            told |= {"answer": result.answer, "request_id": result.request_id}
        setup, kind = self.flow.setup, kind_of(head, self.move)
        claim = Delete(*ledger.claim_key(setup.tenant, self.flow.target.name, kind, target_id))

        def change(h: Head) -> Head:
            settled = replace(_at_rest(h), state="done", link=None, outcome=outcome, epoch=h.epoch + 1)
            return replace(settled, state="waiting", due=("a", now)) if h.live else settled

        new = write(self.flow, head, Ending(change, action, told, [claim]))
        self._moved(new, outcome)
        hold.dependents(self.flow, head.key)  # what takes its place is of the same move
        return new

    def unchanged(self, head: Head, why: str, *, link: Json | None = None, ops: Sequence[Op] = ()) -> Head:
        """Nothing to write: the target has the present state already."""
        self._count("unchanged")
        ending = Ending(
            lambda h: replace(_at_rest(h), state="done", link=link or h.link), "unchanged", {"why": why}, ops
        )
        return write(self.flow, head, ending)

    def told(self, head: Head, why: str, read_again: tuple[str, str] | None) -> Head:
        """It has no record of its own in the target: another one tells it there, and may have to be read again."""
        self._count("told")
        outcome: Json = {"action": "told", "at": self.flow.engine.clock.now().isoformat(), "why": why}
        outcome |= {"read_again": list(read_again)} if read_again else {}
        ending = Ending(lambda h: replace(_at_rest(h), state="done", outcome=outcome), "told", {"why": why})
        hold.notice_jobs(self.flow, [read_again] if read_again else [])
        return write(self.flow, head, ending)

    def forecast(self, head: Head, why: str) -> Head:
        """It is only expected: nothing of it is written, until another record takes its place."""
        self._count("forecast")
        outcome: Json = {"action": "forecast", "at": self.flow.engine.clock.now().isoformat(), "why": why}
        told: Json = {"why": why, "amount": str(head.money or "")}
        ending = Ending(lambda h: replace(_at_rest(h), state="forecast", outcome=outcome), "forecast", told)
        return write(self.flow, head, ending)

    def not_moved(self, head: Head, why: str, follows: tuple[str, str] | None = None) -> Head:
        """`follows`: because another record is not."""
        self._count("not_moved")
        outcome: Json = {"action": "not_moved", "at": self.flow.engine.clock.now().isoformat(), "why": why}
        outcome |= {"follows": list(follows)} if follows else {}
        ending = Ending(lambda h: replace(_at_rest(h), state="not_moved", outcome=outcome), "not moved", {"why": why})
        new = write(self.flow, head, ending)
        if self.flow.flow.carries(self.move):  # what hangs on it is not moved either
            hold.dependents(self.flow, head.key)
        return new

    def rehearsed(
        self, head: Head, action: str, why: str, request: Json, *, to: str = "", at: Json | None = None
    ) -> Head:
        """What the live run would do; nothing was written outside.

        `to` is the target record it would link to, `at` the kind and aggregate of one that it would make.
        """
        self._count("rehearsed")
        plan: Json = {"action": action, "why": why, "target_id": to, **(at or {})}
        told: Json = {"why": why, "request": request}
        setup = self.flow.setup
        ending = Ending(
            lambda h: replace(_at_rest(h), state="rehearsed", plan=plan),
            f"rehearsed: would {action}",
            told,
            [Check(pk(setup.tenant), setup.sk, setup.version)],
        )
        try:
            new = write(self.flow, head, ending)
        except Conflict:  # the flow was started or changed while we decided: what let its records go has passed by
            due.make_due(self.flow, head)
            return head
        if action != "update" and self.flow.flow.is_needed(self.move):  # what waits for it is rehearsed after it
            hold.dependents(self.flow, head.key)
        return new

    # ------------------------------------------------------------------ not well

    def held(self, head: Head, problem: Held, *, definite: bool = True) -> Head:
        """A person must act. `definite` False keeps the intent: it may have happened, and is looked up first."""

        def change(h: Head) -> Head:
            settled = replace(h, intent=None, epoch=h.epoch + (h.intent is not None)) if definite else h
            return hold.held_head(self.flow, settled, problem)

        told: Json = {"reason": problem.reason, "message": problem.message, "fix": problem.fix, "owner": problem.owner}
        told |= _evidence(problem)
        new = write(self.flow, head, Ending(change, "held", told))
        hold.tell(self.flow, problem)
        return new

    def failed(self, head: Head, problem: ConnectorError) -> Head:
        """A try that did not end well: what happens next is the error's class."""
        flow = self.flow
        if isinstance(problem, Held):
            return self.held(head, problem)
        if isinstance(problem, Refused):
            return self._refused(head, problem)
        if isinstance(problem, LockedOut):
            flow.engine.locked_out(flow.target, problem)
            return self.postponed(head, problem.message, flow.engine.clock.now() + RETRY_LOCKED_OUT)
        after = problem.after if isinstance(problem, TryAgain) else None
        if isinstance(problem, TryAgain) and not problem.counts:
            return self.postponed(head, problem.message, self.later(head, after), told=_evidence(problem))
        unknown = isinstance(problem, Unknown)
        most = problem.most if isinstance(problem, TryAgain) else None
        if head.attempts + 1 >= min(flow.setup.max_attempts, most or flow.setup.max_attempts):
            return self.held(head, self._gave_up(head, problem), definite=not unknown)
        stale = isinstance(problem, Stale)
        moment = flow.engine.clock.now() if stale else self.later(head, after)
        tried = replace(head, attempts=head.attempts + 1, epoch=head.epoch + stale)
        return self.postponed(tried, problem.message, moment, keep_intent=unknown, told=_evidence(problem))

    def postponed(
        self, head: Head, why: str, moment: datetime, *, keep_intent: bool = False, told: Json | None = None
    ) -> Head:
        """Wait until the moment; nothing counts against the record but what the caller counted."""
        flow = self.flow
        due.note(flow.engine, flow.target.tenant, flow.target.name, moment)
        attempts, epoch = head.attempts, head.epoch

        def change(h: Head) -> Head:
            intent = h.intent if keep_intent else None
            waiting = replace(h, intent=intent, attempts=attempts, epoch=epoch, trouble=why)
            return replace(waiting, state="unknown" if intent else "waiting", due=("a", moment.isoformat()))

        what = "outcome unknown" if keep_intent and head.intent else "try again"
        return write(flow, head, Ending(change, what, {"why": why, "until": moment.isoformat(), **(told or {})}))

    def waiting(self, head: Head, why: str) -> Head:
        """Into the outbox of the connection, until the other side calls; an intent, if any, is looked up first then."""
        now = self.flow.engine.clock.now().isoformat()

        def change(h: Head) -> Head:
            told = h.trouble if h.attempts and h.trouble else why  # what kept it the last time is more to know
            return replace(h, state="unknown" if h.intent else "waiting", due=(ledger.OUTBOX, now), trouble=told)

        return write(self.flow, head, Ending(change, "waits to be asked for", {"why": why}))

    def later(self, head: Head, after: float | None) -> datetime:
        """The vendor's own wish, or exponential backoff with jitter over its upper half."""
        pace, clock = self.flow.engine.pace, self.flow.engine.clock
        if after is not None:
            return clock.now() + timedelta(seconds=after * (1 + 0.1 * clock.chance()))
        wait = min(pace.first_retry * 2**head.attempts, pace.longest_retry)
        return clock.now() + timedelta(seconds=wait.total_seconds() * (0.5 + 0.5 * clock.chance()))

    # ------------------------------------------------------------------ inside

    def _claim(self, head: Head, kind: str, target_id: str, ending: Ending) -> Head:
        """Write the link together with the claim on the target record; taken by another record: held, naming both."""
        if self.move.many_to_one:
            return self._and_release(write(self.flow, head, ending))
        key = ledger.claim_key(self.flow.setup.tenant, self.flow.target.name, kind, target_id)
        claim = Put(Item(pk=key[0], sk=key[1], body={"key": head.key.pk}))
        try:
            return self._and_release(write(self.flow, head, replace(ending, ops=[*ending.ops, claim])))
        except Conflict as lost:
            if key not in lost.keys:
                raise
        owner = self.owner(kind, target_id)
        if owner is None or owner == head.key:
            return self._and_release(write(self.flow, head, ending))
        return self.held(head, self.claimed(head, kind, target_id, owner))

    def owner(self, kind: str, target_id: str) -> RecordKey | None:
        """The record that a target record belongs to, if any."""
        key = ledger.claim_key(self.flow.setup.tenant, self.flow.target.name, kind, target_id)
        item = self.flow.engine.store.get([key]).get(key)
        return RecordKey.from_pk(str(item.body["key"])) if item else None

    def claimed(self, head: Head, kind: str, target_id: str, owner: RecordKey) -> Held:
        """One target record has one source: both are named."""
        other = ledger.heads(self.flow.engine.store, [owner]).get(owner)
        other_title = str(other.summary.get("title")) if other else owner.id
        title = head.summary.get("title")
        return Held(
            "claimed",
            f"The {kind} {target_id} in {self.flow.target_title} already belongs to {other_title} ({owner.id}); "
            f"{title} ({head.key.id}) cannot be the same one.",
            cause=f"{kind} {target_id}",
            fix="Decide which of the two source records it belongs to, and correct or delete the other at the source.",
            waits_for=[f"gone:{owner.move}:{owner.named}"] if owner.flow == head.key.flow else [],
        )

    def _and_release(self, head: Head) -> Head:
        """Records that waited for this one go on."""
        if head.link and self.flow.flow.is_needed(self.move):
            hold.dependents(self.flow, head.key)
        if head.link and self.flow.flow.carries(self.move):
            hold.followers(self.flow, head.key)
        return head

    def _total_differs(self, intent: Intent, result: Done) -> Held | None:
        if intent.money is None or result.money is None or _same_money(intent.money, result.money):
            return None
        label, title = result.current.label, self.flow.target_title
        return Held(
            "total_differs",
            f"{label} arrived with a total of {result.money}, but {intent.money} was sent.",
            cause=label,
            fix=f"Look at the tax settings of {title} and correct {label} there, then replay.",
        )

    def _refused(self, head: Head, problem: Refused) -> Head:
        self._count("refused")
        told: Json = {"reason": problem.reason, "why": problem.message}
        outcome: Json = {**told, "action": "refused", "at": self.flow.engine.clock.now().isoformat()}
        ending = Ending(
            lambda h: replace(_at_rest(h), state="refused", outcome=outcome, epoch=h.epoch + 1), "refused", told
        )
        return write(self.flow, head, ending)

    def _gave_up(self, head: Head, problem: ConnectorError) -> Held:
        self.flow.engine.metrics.count("GaveUp", flow=self.flow.setup.flow)
        return Held(
            "outcome_unknown" if isinstance(problem, Unknown) else "gave_up",
            f"After {head.attempts + 1} tries {head.summary.get('title')} is still not settled: {problem.message}",
            cause=problem.message[:120],
            fix=f"Look at {self.flow.target_title} and replay the record; if it goes on, ask the operator.",
            owner="operator",
        )

    def _moved(self, head: Head, outcome: Json) -> None:
        """Counted for the digest where the outcome was ours to write."""
        self._count(str(outcome["action"]))
        if head.outcome == outcome:
            self.tally.add(self.move.name, str(outcome["action"]), head.money)

    def _count(self, outcome: str) -> None:
        self.flow.engine.metrics.count("Records", flow=self.flow.setup.flow, move=self.move.name, outcome=outcome)


def _same_money(sent: Money, there: Money) -> bool:
    """A target that keeps one currency need not name it."""
    return sent.amount == there.amount and ("" in (sent.currency, there.currency) or sent.currency == there.currency)


def kind_of(head: Head, move: Move) -> str:
    """The kind of the target record that the head is linked to."""
    return str((head.link or {}).get("kind") or move.target_kind)


def _at_rest(head: Head) -> Head:
    return replace(head, intent=None, hold=None, plan=None, due=None, attempts=0, trouble="")


def _evidence(problem: ConnectorError) -> Json:
    return {"evidence": problem.evidence} if problem.evidence else {}
