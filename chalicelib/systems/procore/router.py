"""The bill router (sheet section 0): what a bill becomes in Procore, per project. Pure; both flows into Procore use it.

    the lines of one project
    ├── their vendor has no commitment there        -> a direct cost (or held, by policy)
    ├── one commitment, every line on one of its    -> a requisition of that commitment
    │   schedule's lines
    ├── named commitments, several of them          -> held (or one requisition each, or a direct cost, by policy)
    └── anything that could be read in two ways     -> held, with the candidates

A part is a requisition or a direct cost, never both: Procore's budgets add the two up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.match import plain_name
from chalicelib.systems.procore.fixes import PERMISSION
from chalicelib.systems.procore.parts import (
    Bill,
    Choices,
    Commitment,
    DirectCost,
    Known,
    Line,
    Part,
    Requisition,
    Value,
    Waiting,
)
from chalicelib.systems.procore.wording import inside

MOST_SHOWN = 5


def route(bill: Bill, known: Known, choices: Choices) -> list[Part]:
    """The parts of the bill in the order of its lines; each line is in exactly one of them."""
    parts: list[Part] = []
    for project in dict.fromkeys(line.project for line in bill.lines):
        lines = [line for line in bill.lines if line.project == project]
        there = [commitment for commitment in known.commitments if commitment.project == project]
        try:
            _check_known(bill, project, known)
            parts += _project(bill, project, lines, there, choices)
        except Held as held:
            parts.append(Waiting(project, held, lines))
    return parts


def _project(
    bill: Bill, project: str, lines: Sequence[Line], there: Sequence[Commitment], choices: Choices
) -> list[Part]:
    """Raises Held where a person must say."""
    own = [one for one in there if one.vendor in bill.vendors.get(project, frozenset())]
    named = _named(bill, lines, there, own)
    foreign = [one for one in named if one not in own]
    if foreign:
        raise _other_vendor(bill, foreign)
    if not own:
        return [_without(bill, project, lines, choices)]
    chosen = named or _only(bill, own)
    if len(chosen) > 1:
        return _several(bill, project, lines, chosen, choices)
    return [_requisition(bill, project, lines, chosen[0])]


def _check_known(bill: Bill, project: str, known: Known) -> None:
    """That a vendor has no commitment must be seen, not assumed: else its cost would count twice.

    One that is not in the project's directory has none.
    """
    if project not in known.projects:
        raise Held(
            "permission_or_tool",
            f"The commitments of the project {project} cannot be read, so it is open whether {inside(bill.title)} "
            "belongs to one.",
            cause=f"the Commitments tool of the project {project}",
            fix=PERMISSION,
            owner="admin",
            waits_for=["reference:commitment"],
        )


def _named(
    bill: Bill, lines: Sequence[Line], there: Sequence[Commitment], own: Sequence[Commitment]
) -> list[Commitment]:
    """Those that a mapping or a number on the bill names: a mapping goes before a number."""
    mapped = {line.commitment for line in lines if line.commitment}
    if mapped:
        return _by_name(bill, mapped, there)
    found: list[Commitment] = []
    for number in dict.fromkeys(plain_name(number) for number in bill.numbers if number.strip()):
        hits = [one for one in own if plain_name(one.number) == number]
        if len(hits) > 1:
            raise _candidates(bill, hits)
        found += hits or [one for one in there if plain_name(one.number) == number]
    return found


def _by_name(bill: Bill, names: Iterable[str], there: Sequence[Commitment]) -> list[Commitment]:
    found: list[Commitment] = []
    for name in sorted(names):
        hits = [one for one in there if one.id == name or plain_name(one.number) == plain_name(name)]
        if len(hits) != 1:
            raise Held(
                "reference_missing",
                f"A mapping of {inside(bill.title)} names the commitment {name}, of which its project has {len(hits)}.",
                cause=f"commitment {name}",
                fix=f"Correct the mapping, or the commitment {name} in Procore under the project's Commitments.",
                waits_for=["reference:commitment"],
            )
        found += [one for one in hits if one not in found]
    return found


def _only(bill: Bill, own: Sequence[Commitment]) -> list[Commitment]:
    """The vendor's one commitment that takes invoices; several are never chosen among."""
    ready = [one for one in own if not one.blocked]
    if len(ready) == 1:
        return ready
    if not ready:
        raise _not_ready(bill, own)
    raise _candidates(bill, ready)


def _without(bill: Bill, project: str, lines: Sequence[Line], choices: Choices) -> Part:
    if choices.no_commitment == "direct_cost":
        return _direct_cost(bill, project, lines)
    raise Held(
        "no_commitment",
        f"{bill.vendor_name} has no commitment in the project of {inside(bill.title)}.",
        cause=f"{bill.vendor_name} in project {project}",
        fix="Make the commitment in Procore under the project's Commitments, or set the policy no_commitment: "
        "direct_cost.",
        waits_for=["reference:commitment", "setting:no_commitment"],
    )


def _several(
    bill: Bill, project: str, lines: Sequence[Line], chosen: Sequence[Commitment], choices: Choices
) -> list[Part]:
    """The bill names several commitments: its lines clearly belong to more than one."""
    if choices.multi_commitment == "direct_cost":
        return [_direct_cost(bill, project, lines)]
    if choices.multi_commitment == "hold":
        raise Held(
            "several_commitments",
            f"{bill.title} belongs to {len(chosen)} commitments: {_shown(chosen)}.",
            cause=f"commitments {', '.join(one.number or one.id for one in chosen)}",
            fix="Split the bill at the source, or set the policy multi_commitment: split (one invoice on each) or "
            "direct_cost.",
            waits_for=["setting:multi_commitment"],
        )
    homes = {line.key: _home(bill, line, chosen) for line in lines}
    return [
        _requisition(bill, project, [line for line in lines if homes[line.key] == one], one)
        for one in chosen
        if one in homes.values()
    ]


def _home(bill: Bill, line: Line, chosen: Sequence[Commitment]) -> Commitment:
    """The one of the named commitments that a line belongs to."""
    if line.commitment:
        return _by_name(bill, [line.commitment], chosen)[0]
    fitting = [one for one in chosen if any(value.wbs == line.wbs for value in one.values)]
    if len(fitting) == 1:
        return fitting[0]
    raise _unassigned(bill, [(line, [value for one in chosen for value in one.values if value.wbs == line.wbs])])


def _requisition(bill: Bill, project: str, lines: Sequence[Line], commitment: Commitment) -> Requisition:
    if commitment.blocked:
        raise _not_ready(bill, [commitment])
    if bill.currency and commitment.currency not in ("", bill.currency):
        raise _other_currency(bill, commitment)
    fits = [(line, [value for value in commitment.values if value.wbs == line.wbs and line.wbs]) for line in lines]
    open_ones = [(line, values) for line, values in fits if len(values) != 1]
    if open_ones:
        raise _unassigned(bill, open_ones, commitment)
    shares: dict[str, Decimal] = {}
    for line, values in fits:
        shares[values[0].id] = shares.get(values[0].id, Decimal(0)) + line.amount
    return Requisition(project, commitment, shares, lines)


def _direct_cost(bill: Bill, project: str, lines: Sequence[Line]) -> DirectCost:
    codeless = [line for line in lines if not line.wbs]
    if codeless:
        codes = list(dict.fromkeys(line.code or line.description or line.key for line in codeless))
        raise Held(
            "budget_code_missing",
            f"The project of {inside(bill.title)} has no budget code for {', '.join(codes[:MOST_SHOWN])}.",
            cause=f"budget code {codes[0]} in project {project}",
            fix="Add the cost code with its cost type to the project in Procore (Admin > Work Breakdown Structure), "
            "or map the line to another one.",
            waits_for=["reference:wbs_code"],
        )
    return DirectCost(project, lines)


# ---------------------------------------------------------------------------------------------- what people read


def _candidates(bill: Bill, several: Sequence[Commitment]) -> Held:
    return Held(
        "several_commitments",
        f"{bill.title} could belong to one of {len(several)} commitments of {bill.vendor_name}: {_shown(several)}.",
        cause=f"commitments of {bill.vendor_name}: {', '.join(one.number or one.id for one in several)}",
        fix="Put the number of the commitment on the bill, or map its lines to one: mappings: commitment.",
        waits_for=["reference:commitment"],
    )


def _not_ready(bill: Bill, commitments: Sequence[Commitment]) -> Held:
    why = "; ".join(f"{one.label}: {one.blocked}" for one in commitments[:MOST_SHOWN])
    return Held(
        "commitment_not_ready",
        f"{bill.title} belongs to a commitment that takes no invoice now: {why}.",
        cause=f"commitment {commitments[0].label}",
        fix="Change that in Procore under the project's Commitments; it goes by itself then. Or put the number of "
        "another commitment on the bill.",
        waits_for=["reference:commitment"],
    )


def _other_currency(bill: Bill, commitment: Commitment) -> Held:
    return Held(
        "currency_mismatch",
        f"{bill.title} is in {bill.currency}, the commitment {commitment.label} in {commitment.currency}.",
        cause=f"currency {bill.currency} on {commitment.label}",
        fix=f"Enter the invoice in Procore by hand in {commitment.currency} and dismiss the record, or put the number "
        "of another commitment on the bill.",
        waits_for=["reference:commitment"],
    )


def _other_vendor(bill: Bill, foreign: Sequence[Commitment]) -> Held:
    return Held(
        "commitment_of_other_vendor",
        f"{bill.title} names the commitment {foreign[0].label}, which is not {bill.vendor_name}'s in Procore.",
        cause=f"commitment {foreign[0].label}",
        fix="Correct the number on the bill, the mapping, or the vendor of the commitment in Procore.",
        waits_for=["reference:commitment", "reference:project_vendor"],
    )


def _unassigned(
    bill: Bill, open_ones: Sequence[tuple[Line, Sequence[Value]]], commitment: Commitment | None = None
) -> Held:
    told = []
    for line, values in open_ones[:MOST_SHOWN]:
        name = f"“{line.description or line.key}” ({line.code or 'no budget code'}, {line.amount:,.2f})"
        found = ", ".join(value.description or value.id for value in values[:MOST_SHOWN]) or "none"
        told.append(f"{name} fits {len(values)} ({found})")
    where = f" of the commitment {commitment.label}" if commitment else " of the commitments on the bill"
    code = open_ones[0][0].code or open_ones[0][0].key
    return Held(
        "lines_unassigned",
        f"Lines of {inside(bill.title)} do not fit exactly one line of the schedule of values{where}: "
        f"{'; '.join(told)}.",
        cause=f"{code} on {commitment.label}" if commitment else f"{code} on several commitments",
        fix="Map the line to the cost code and cost type of one line of the schedule, or give the commitment a line of "
        "that code in Procore.",
        waits_for=["reference:commitment"],
    )


def _shown(commitments: Sequence[Commitment]) -> str:
    listed = [one.label for one in commitments[:MOST_SHOWN]]
    more = len(commitments) - len(listed)
    return "; ".join(listed) + (f" and {more} more" if more > 0 else "")
