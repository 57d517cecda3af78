"""The one table on DynamoDB, through one PynamoDB model."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import local
from typing import Any, Literal

from chalicelib.aws import limits
from chalicelib.aws.clients import THROTTLES, answered_status, error_code, never_left, unanswered
from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Check, Conflict, Delete, Item, Op, Put, Rows

ROUNDS_WITHOUT_PROGRESS = 3
_GUARD_FAILED = "ConditionalCheckFailed"
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class DynamoStore:
    """Implements `Store`. One per process; threads may share it.

    A guarded write may raise Conflict against itself: botocore repeats an attempt that got no answer, and if that first
    attempt had been served, the repeat meets its own version. Whoever gets a Conflict reads again and finds what is
    there, so this does no harm. A transaction carries a token, by which DynamoDB recognises the repeat.
    """

    def __init__(self, table: str, *, region: str, endpoint_url: str | None = None) -> None:
        from chalicelib.aws.model import stored_item

        self._model = stored_item(table, region=region, endpoint_url=endpoint_url)
        self._connection = self._model._get_connection()  # batches with a bound need it; PynamoDB has no other door
        self._attempts = _Attempts()
        self._connection.connection.client.meta.events.register("needs-retry.dynamodb", self._attempts.note)

    # ------------------------------------------------------------------ reading

    def get(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        unique = list(dict.fromkeys((pk, sk) for pk, sk in keys))
        for pk, sk in unique:
            limits.check_key(pk, sk)
        found: dict[tuple[str, str], Item] = {}
        with self._translated(changes=False):
            for start in range(0, len(unique), limits.MOST_KEYS_PER_GET):
                for raw in self._get_batch(unique[start : start + limits.MOST_KEYS_PER_GET]):
                    item = self._item(raw)
                    found[item.pk, item.sk] = item
        return {key: found[key] for key in unique if key in found}

    def query(
        self,
        pk: str,
        *,
        index: Literal["due", "held"] | None = None,
        prefix: str = "",
        upto: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        descending: bool = False,
    ) -> Rows:
        limits.check_query(prefix=prefix, upto=upto, limit=limit)
        names = [f"{index}_pk", f"{index}_sk", "pk", "sk"] if index else ["pk", "sk"]
        start = None
        if cursor is not None:
            parts = limits.cursor_parts(cursor, pk=pk, length=len(names))
            start = {name: {"S": part} for name, part in zip(names, parts, strict=True)}
        sort: Any = getattr(self._model, names[1])
        condition = sort.startswith(prefix) if prefix else sort <= upto if upto is not None else None
        with self._translated(changes=False):
            answer = self._model.query(
                pk,
                condition,
                consistent_read=index is None,
                index_name=index,
                scan_index_forward=not descending,
                limit=limit,
                last_evaluated_key=start,
            )
            page: dict[str, Any] = next(answer.page_iter)
        items = [self._found(raw, index) if index else self._item(raw) for raw in page["Items"]]
        last = page.get("LastEvaluatedKey")
        return Rows(items=items, cursor=limits.cursor_text([last[name]["S"] for name in names]) if last else None)

    def _get_batch(self, keys: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        if len(keys) == 1:
            answer = self._connection.get_item(keys[0][0], range_key=keys[0][1], consistent_read=True)
            if "Item" in answer:
                yield answer["Item"]
            return
        waiting: Any = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
        fruitless = 0
        while waiting:
            answer = self._connection.batch_get_item(waiting, consistent_read=True)
            items = answer["Responses"].get(self._connection.table_name, [])
            yield from items
            waiting = answer.get("UnprocessedKeys", {}).get(self._connection.table_name, {}).get("Keys", [])
            fruitless = 0 if items else fruitless + 1
            if waiting and fruitless >= ROUNDS_WITHOUT_PROGRESS:
                raise TryAgain("The table is too busy to read from right now.", counts=False)

    def _item(self, raw: dict[str, Any]) -> Item:
        row = self._model.from_raw_data(raw)
        return Item(
            pk=row.pk,
            sk=row.sk,
            body=json.loads(row.body),
            version=int(row.version),
            due=(row.due_pk, row.due_sk) if row.due_pk and row.due_sk else None,
            held=(row.held_pk, row.held_sk) if row.held_pk and row.held_sk else None,
            blob=row.blob,
            expires_at=int(row.expires_at.timestamp()) if row.expires_at else None,
        )

    def _found(self, raw: dict[str, Any], index: Literal["due", "held"]) -> Item:
        place = (raw[f"{index}_pk"]["S"], raw[f"{index}_sk"]["S"])
        due, held = (place, None) if index == "due" else (None, place)
        return Item(pk=raw["pk"]["S"], sk=raw["sk"]["S"], due=due, held=held)

    # ------------------------------------------------------------------ writing

    def write(self, ops: Sequence[Op]) -> None:
        if not ops:
            return
        texts = limits.check_ops(ops)
        self._attempts.doubtful = False
        if len(ops) > 1 or isinstance(ops[0], Check):
            self._write_together(ops, texts)
            return
        from pynamodb.exceptions import PynamoDBException

        op = ops[0]
        with self._translated(changes=True):
            try:
                self._write_one(op, texts[0])
            except PynamoDBException as failure:
                if error_code(_root(failure)) == "ConditionalCheckFailedException":
                    raise Conflict([limits.key_of(op)]) from failure
                raise

    def _write_one(self, op: Op, text: str) -> None:
        if isinstance(op, Put):
            self._row(op.item, text).save(self._guard(op))
        else:
            self._model(op.pk, op.sk).delete(self._guard(op))

    def _write_together(self, ops: Sequence[Op], texts: Sequence[str]) -> None:
        from pynamodb.exceptions import TransactWriteError
        from pynamodb.transactions import TransactWrite

        # PynamoDB sends checks, then deletes, then puts, and the reasons come back in that order.
        order = sorted(range(len(ops)), key=lambda n: (Check, Delete, Put).index(type(ops[n])))
        with self._translated(changes=True):
            try:
                with TransactWrite(
                    connection=self._connection.connection, client_request_token=str(uuid.uuid4())
                ) as transaction:
                    for n in order:
                        self._add(transaction, ops[n], texts[n])
            except TransactWriteError as failure:
                reasons = [reason.code if reason else "" for reason in failure.cancellation_reasons]
                losers = [n for n, reason in zip(order, reasons, strict=False) if reason == _GUARD_FAILED]
                if losers:
                    raise Conflict([limits.key_of(ops[n]) for n in sorted(losers)]) from failure
                if _BUSY.intersection(reasons):
                    raise TryAgain("Others are writing the same items right now.", counts=False) from failure
                if any(reasons):
                    raise ValueError(f"The table refuses this write: {sorted(set(reasons) - {''})}.") from failure
                raise

    def _add(self, transaction: Any, op: Op, text: str) -> None:
        match op:
            case Put():
                transaction.save(self._row(op.item, text), condition=self._guard(op))
            case Delete():
                transaction.delete(self._model(op.pk, op.sk), condition=self._guard(op))
            case Check():
                transaction.condition_check(self._model, op.pk, op.sk, condition=self._guard(op))

    def _guard(self, op: Op) -> Any:
        version = (op.item.version if op.guarded else None) if isinstance(op, Put) else op.version
        if version is None:
            return None
        return self._model.version == version if version else self._model.pk.does_not_exist()

    def _row(self, item: Item, text: str) -> Any:
        return self._model(
            item.pk,
            item.sk,
            version=item.version + 1,
            body=text,
            blob=item.blob,
            due_pk=item.due[0] if item.due else None,
            due_sk=item.due[1] if item.due else None,
            held_pk=item.held[0] if item.held else None,
            held_sk=item.held[1] if item.held else None,
            expires_at=datetime.fromtimestamp(item.expires_at, UTC) if item.expires_at is not None else None,
        )

    # ------------------------------------------------------------------ failures

    @contextmanager
    def _translated(self, *, changes: bool) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError
        from pynamodb.exceptions import PynamoDBException

        try:
            yield
        except (PynamoDBException, BotoCoreError, ClientError) as failure:
            cause = _root(failure)
            throttled = error_code(cause) in THROTTLES
            if changes and (self._attempts.doubtful or _leaves_open(cause)):
                raise Unknown("The table did not say whether it took the write.") from failure
            if throttled or unanswered(cause):
                raise TryAgain("The table cannot be reached right now.", counts=False) from failure
            if error_code(cause) == "ValidationException":
                raise ValueError(f"The table refuses this: {cause}.") from failure
            raise


class _Attempts(local):
    """Whether one of the attempts at the present write may have been served: botocore tells only of the last one."""

    doubtful = False

    def note(self, *, response: Any, caught_exception: BaseException | None, **_: Any) -> None:
        if caught_exception is not None:
            self.doubtful = self.doubtful or not never_left(caught_exception)
        elif response is not None:
            self.doubtful = self.doubtful or response[0].status_code >= 500


def _leaves_open(cause: BaseException) -> bool:
    if error_code(cause) == "TransactionInProgressException":
        return True  # an earlier attempt of ours is still being worked on
    return answered_status(cause) >= 500 or (unanswered(cause) and not never_left(cause))


def _root(failure: BaseException) -> BaseException:
    """botocore's own exception under PynamoDB's: only that one has the status."""
    from botocore.exceptions import ClientError

    cause: BaseException = getattr(failure, "cause", None) or failure
    beneath = cause.__cause__
    return beneath if isinstance(beneath, ClientError) else cause
