"""The write rules that all records share: what a create needs, and the one phase that an update runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from simulator.systems.freshbooks import answers, fields
from simulator.systems.freshbooks.account import Account, Json, Writer
from simulator.systems.freshbooks.answers import Refused, Trouble, invalid, required
from simulator.systems.freshbooks.calling import Call, Show, result
from simulator.systems.freshbooks.options import Options

Build = Callable[[Account, Options, Writer, Json, Json | None], Json]
"""(account, options, writer, the fields given, the row as it was): the row as it will be."""


@dataclass(frozen=True)
class Kind:
    """One resource: its names, the fields that may be written, and those that a create must bring."""

    plural: str
    single: str
    writable: Mapping[str, str]
    build: Build
    show: Show
    needs: tuple[str, ...] = ()
    read_only: frozenset[str] = frozenset()
    computed: frozenset[str] = field(default_factory=frozenset)
    creation_only: frozenset[str] = frozenset()


def create(call: Call, kind: Kind) -> Response:
    if call.account.plan_limit:
        trouble = Trouble(answers.PLAN_LIMIT, "You have reached the limit of your plan.", "", kind.single)
        raise Refused(402, trouble)
    sent = call.sent(kind.single)
    given = _checked(call, kind, sent)
    for name in kind.needs:
        if given.get(name) in (None, ""):
            raise required(name, kind.single)
    row = make(call.account, call.sim.options, call.writer, kind, given)
    return result({kind.single: kind.show(call, row)})


def update(call: Call, kind: Kind, id: str) -> Response:
    """One phase only: a body with `vis_state` changes that and throws everything else away without a word."""
    row = call.row(kind.plural, id, kind.single)
    if call.sim.conflicts:
        call.sim.conflicts -= 1
        raise Refused(409, Trouble(answers.CONFLICT, "The resource was changed by another request.", "", kind.single))
    sent = call.sent(kind.single)
    if "vis_state" in sent:
        if len(sent) > 1:
            call.mistake(f"vis_state beside other fields of the {kind.single}: they are thrown away")
        if sent["vis_state"] not in (0, 1, 2):
            raise invalid(answers.INVALID, "Invalid vis_state.", "vis_state", object=kind.single, mistake="vis_state")
        made = set_state(call.account, call.sim.options, call.writer, kind, row, int(sent["vis_state"]))
        return result({kind.single: kind.show(call, made)})
    if row["vis_state"] == 1:
        raise Refused(404, Trouble(answers.DELETED, "The resource was deleted.", "id", kind.single, id))
    given = _checked(call, kind, sent)
    for name in sorted(kind.creation_only & given.keys()):
        call.mistake(f"{name} of the {kind.single} cannot be changed")
        del given[name]
    return result({kind.single: kind.show(call, change(call.account, call.sim.options, call.writer, kind, row, given))})


def make(account: Account, options: Options, writer: Writer, kind: Kind, given: Json) -> Json:
    row = kind.build(account, options, writer, given, None)
    return account.put(kind.plural, row["id"], row, writer, "create")


def change(account: Account, options: Options, writer: Writer, kind: Kind, row: Json, given: Json) -> Json:
    made = kind.build(account, options, writer, given, row)
    return account.put(kind.plural, row["id"], made, writer, "update")


def set_state(account: Account, options: Options, writer: Writer, kind: Kind, row: Json, state: int) -> Json:
    made = {**kind.build(account, options, writer, {}, row), "vis_state": state}
    return account.put(kind.plural, row["id"], made, writer, "delete" if state == 1 else "update")


def _checked(call: Call, kind: Kind, sent: Json) -> Json:
    refuse = call.sim.options.computed_on_write == "refuse"
    return fields.read(
        sent,
        kind.writable,
        object=kind.single,
        note=call.mistake,
        read_only=kind.read_only | kind.computed if refuse else kind.read_only,
        computed=kind.computed,
    )
