"""What DynamoDB refuses, said before it is asked, and the text of a cursor.

Pure: the in-memory store keeps to the same limits by calling the same functions.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from chalicelib.engine.ports import Item, Op, Put
from chalicelib.engine.records import Json

MOST_ITEM_BYTES = 400 * 1024
MOST_OPS = 100
MOST_WRITE_BYTES = 4 * 1024 * 1024
MOST_PAGE_BYTES = 1024 * 1024
MOST_KEYS_PER_GET = 100
MOST_PK_BYTES = 2048
MOST_SK_BYTES = 1024

_NUMBER_BYTES = 21  # the most a DynamoDB number takes


def body_text(body: Json) -> str:
    """The body as it is stored. Raises ValueError for what is no JSON value or a float."""
    _refuse_floats(body)
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    except TypeError as unfit:
        raise ValueError(f"An item's body holds JSON values only: {unfit}.") from unfit


def item_size(item: Item, text: str) -> int:
    """What DynamoDB counts: names and values of all attributes, a little rounded up."""
    size = len("pk") + len("sk") + len("version") + _NUMBER_BYTES + len("body")
    size += _bytes(item.pk) + _bytes(item.sk) + _bytes(text)
    for name, place in (("due", item.due), ("held", item.held)):
        if place is not None:
            size += 2 * len(f"{name}_pk") + _bytes(place[0]) + _bytes(place[1])
    if item.blob is not None:
        size += len("blob") + len(item.blob)
    if item.expires_at is not None:
        size += len("expires_at") + _NUMBER_BYTES
    return size


def check_item(item: Item, text: str) -> int:
    """The size of the item. Raises ValueError when DynamoDB would refuse it."""
    for place in ((item.pk, item.sk), item.due, item.held):
        if place is not None:
            check_key(*place)
    size = item_size(item, text)
    if size > MOST_ITEM_BYTES:
        raise ValueError(f"The item {item.pk} {item.sk} takes {size} bytes; the table holds at most {MOST_ITEM_BYTES}.")
    return size


def check_key(pk: str, sk: str) -> None:
    if not pk or not sk:
        raise ValueError(f"A key has no empty part: {(pk, sk)}.")
    if _bytes(pk) > MOST_PK_BYTES or _bytes(sk) > MOST_SK_BYTES:
        raise ValueError(f"The key {pk[:60]}... {sk[:60]}... is longer than the table takes.")


def check_ops(ops: Sequence[Op]) -> list[str]:
    """The body text of each op ("" for what stores nothing). Raises ValueError when the write would be refused."""
    if len(ops) > MOST_OPS:
        raise ValueError(f"{len(ops)} operations in one write; at most {MOST_OPS} go together.")
    keys = [key_of(op) for op in ops]
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"One write names the same item more than once: {twice}.")
    texts, total = [], 0
    for op in ops:
        if isinstance(op, Put):
            text = body_text(op.item.body)
            total += check_item(op.item, text)
            texts.append(text)
        else:
            check_key(op.pk, op.sk)
            texts.append("")
    if total > MOST_WRITE_BYTES:
        raise ValueError(f"One write of {total} bytes; at most {MOST_WRITE_BYTES} go together.")
    return texts


def check_query(*, prefix: str, upto: str | None, limit: int) -> None:
    if prefix and upto is not None:
        raise ValueError("A query takes `prefix` or `upto`, not both.")
    if limit < 1:
        raise ValueError(f"A query asks for at least one item, not {limit}.")


def key_of(op: Op) -> tuple[str, str]:
    return (op.item.pk, op.item.sk) if isinstance(op, Put) else (op.pk, op.sk)


def cursor_text(parts: Sequence[str]) -> str:
    """Opaque text for the place where an answer ended: (pk, sk), of an index followed by the item's own (pk, sk)."""
    return base64.urlsafe_b64encode(json.dumps(list(parts)).encode()).decode().rstrip("=")


def cursor_parts(cursor: str, *, pk: str, length: int) -> tuple[str, ...]:
    """Read `cursor_text` back. Raises ValueError for any other text, which people can send, or another partition's."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as unfit:  # no base64, no UTF-8, no JSON
        raise ValueError("This cursor was not given out here.") from unfit
    fits = isinstance(parts, list) and len(parts) == length and all(isinstance(part, str) and part for part in parts)
    if not fits or parts[0] != pk:
        raise ValueError("This cursor was not given out here.")
    return tuple(parts)


def _bytes(text: str) -> int:
    return len(text.encode())


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise ValueError("An item's body holds no floats: amounts are text.")
    members = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    for member in members:
        if not isinstance(member, str):  # most are, and need no look
            _refuse_floats(member)
