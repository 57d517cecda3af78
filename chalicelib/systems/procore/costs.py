"""What a bill of the books comes to in Procore, project by project. Both flows into Procore use it."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import cast

from chalicelib.engine.errors import Held
from chalicelib.engine.link import MOST_LINES, Link, Part, together
from chalicelib.engine.records import Draft, Money, Reference, Summary
from chalicelib.engine.rules import Answer, Ruled, any_token
from chalicelib.systems.procore import commitments, lists, parts, router, shares
from chalicelib.systems.procore.drafts import cost_line, direct_cost_draft, requisition_draft
from chalicelib.systems.procore.drafts import share as share_of
from chalicelib.systems.procore.fixes import HIDDEN, in_project

CODES = Ruled(
    kind="cost_code",
    facts=("account", "item", "class", "customer", "vendor", "description"),
    answer=("cost_code", "cost_type"),
    optional=("sub_job", "commitment"),
    scope="project",
)
MOST_RULES = 3  # named in one hold
OVERHEAD = "overhead"  # the part without a project


@dataclass(frozen=True, slots=True)
class CostLine:
    """`job` is what the books call the project; `facts` are what the rules for cost codes look at."""

    key: str
    amount: Decimal
    description: str
    job: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill. `tax` stands on top of the lines; `numbers` are those of orders and contracts that stand on it.

    `paid_by` are the payments of one that is paid in full; `paid_on` is the day of the last of them, where it tells.
    """

    title: str
    number: str
    vendor: str
    vendor_name: str
    date: datetime.date
    currency: str
    lines: Sequence[CostLine]
    tax: Decimal = Decimal("0.00")
    numbers: Sequence[str] = ()
    paid_by: Sequence[str] = ()
    paid_on: datetime.date | None = None
    memo: str = ""


# ---------------------------------------------------------------------------------------------- a bill


def bill_parts(bill: Owed, link: Link) -> list[Part]:
    """One part for each project, or one for each of several commitments there."""
    vendor = link.need("vendor", bill.vendor, bill.vendor_name)
    lines = _with_tax(bill, link)
    homes = {line.key: _project(line, bill, link) for line in lines}
    found: list[Part] = []
    for project in dict.fromkeys(homes.values()):
        there = [line for line in lines if homes[line.key] == project]
        if project:
            found += _in_project(bill, project, there, vendor, link)
        else:
            why = "Its lines name no job that is a project in Procore."
            found.append(Part(OVERHEAD, _summary(bill, there), why=why))
    return found


def told_apart(lines: Sequence[CostLine]) -> list[CostLine]:
    """Each line by a key of its own: one without an id, or with another's, goes by its place on the bill."""
    known = Counter(line.key for line in lines)
    return [
        line if line.key and known[line.key] == 1 else replace(line, key=f"{line.key}#{place}")
        for place, line in enumerate(lines, 1)
    ]


def _with_tax(bill: Owed, link: Link) -> list[CostLine]:
    """Tax has no place of its own in Procore: it goes onto the lines, or becomes lines, as the policy says."""
    lines = [line for line in told_apart(bill.lines) if line.amount]
    policy = link.policy("tax") if bill.tax else ""
    if not bill.tax or not lines:
        return lines
    if policy == "hold":
        held = Held(
            "tax_not_placed",
            f"{bill.title} has {Money(bill.tax, bill.currency)} of tax on top of its lines, which has no place of its "
            "own in Procore.",
            cause="the policy tax",
            fix="Set the policy tax of this flow: spread (over the lines) or line (a line of its own, which a rule for "
            "the description Tax gives its cost code), and apply.",
            owner="admin",
            waits_for=["setting:tax"],
        )
        link.missing.append(held)
        return lines
    split = shares.split(bill.tax, [line.amount for line in lines])
    if policy == "spread":
        return [replace(line, amount=line.amount + tax) for line, tax in zip(lines, split, strict=True)]
    by_job: dict[str, Decimal] = {}
    for line, tax in zip(lines, split, strict=True):
        by_job[line.job] = by_job.get(line.job, Decimal(0)) + tax
    taxes = [CostLine(f"tax-{job}", tax, "Tax", job, {"description": "Tax"}) for job, tax in by_job.items() if tax]
    return [*lines, *taxes]


def _project(line: CostLine, bill: Owed, link: Link) -> str:
    if line.job:
        return _project_of(line.job, link)
    if link.policy("no_project") == "hold":
        link.missing.append(
            Held(
                "no_project",
                f"{bill.title} has a line without a job ({line.description or line.key}, {line.amount:,.2f}), so that "
                "it is open which project it belongs to.",
                cause="lines without a job",
                fix="Name the job on each line of the bill in the books; or set the policy no_project: leave_out, if "
                "what names no job is no cost of a project.",
                waits_for=["setting:no_project"],
            )
        )
    return ""


def _project_of(job: str, link: Link) -> str:
    """A job may be told as "owner:job"; it is mapped, or is called as the project is, by either name."""
    own = link.apart()
    found = own.listed("project", job)
    if own.missing and ":" in job:
        short = link.apart()
        by_short = short.listed("project", job.rpartition(":")[2])
        if not short.missing:
            return by_short
    link.missing += [_or_hidden(held) for held in own.missing]
    return found


def _or_hidden(held: Held) -> Held:
    """Procore lists only the projects that the app may see (sheet section 8)."""
    fix = f"{held.fix} {HIDDEN}"
    return Held(held.reason, held.message, cause=held.cause, fix=fix, owner=held.owner, waits_for=held.waits_for)


def _in_project(bill: Owed, project: str, lines: Sequence[CostLine], vendor: str, link: Link) -> list[Part]:
    """What cannot be decided here keeps the bill's other projects from nothing."""
    own = link.apart()
    summary = _summary(bill, lines)
    try:
        routed = _routed(bill, project, lines, vendor, own)
    except Held as held:
        return [Part(project, summary, held=in_project(held, project))]
    if own.missing:
        return [Part(project, summary, held=together(own.missing))]
    return [_part(_name(part, routed), bill, part, vendor, link) for part in routed]


def _name(part: parts.Requisition | parts.DirectCost, routed: Sequence[object]) -> str:
    several = isinstance(part, parts.Requisition) and len(routed) > 1
    return part.commitment.id if several and isinstance(part, parts.Requisition) else part.project


def _routed(
    bill: Owed, project: str, lines: Sequence[CostLine], vendor: str, link: Link
) -> list[parts.Requisition | parts.DirectCost]:
    """Raises Held where a person must say."""
    entry = link.entry("project", project)
    scope = (entry.code or entry.name) if entry else project
    codes = link.entries("wbs_code", project)
    answers = [link.rule(CODES.kind, line.facts, scope=scope) for line in lines]
    mapped = [_mapped(line, answer, project, codes) for line, answer in zip(lines, answers, strict=True)]
    known = commitments.of(link.entries("commitment", project))
    ids = frozenset(one.id.rpartition("/")[2] for one in _in_directory(bill, project, vendor, link))
    asked = parts.Bill(
        title=bill.title,
        vendor_name=bill.vendor_name,
        lines=mapped,
        vendors={project: ids},
        numbers=bill.numbers,
        currency=bill.currency,
    )
    if link.missing or link.unread - link.references.keys():
        return []
    choices = parts.Choices(link.policy("no_commitment"), link.policy("multi_commitment"))
    found = router.route(asked, known, choices)
    held = next((part.held for part in found if isinstance(part, parts.Waiting)), None)
    if held is not None:
        raise _by_rules(held, answers)
    return cast(list[parts.Requisition | parts.DirectCost], found)


def _by_rules(held: Held, answers: Sequence[Answer]) -> Held:
    """Another answer of the rules would settle it as well; the ones that were given are named."""
    tokens = list(dict.fromkeys(answer.token for answer in answers))
    waits = [*held.waits_for, *(tokens if len(tokens) <= MOST_LINES else [any_token(CODES.kind)])]
    said = list(dict.fromkeys(answer.by for answer in answers))
    rules = f" By {'the rule' if len(said) == 1 else 'the rules'}: {'; '.join(said[:MOST_RULES])}."
    message = held.message + (rules if held.reason in ("budget_code_missing", "lines_unassigned") else "")
    return Held(held.reason, message, cause=held.cause, fix=held.fix, owner=held.owner, waits_for=waits)


def _mapped(line: CostLine, rule: Answer, project: str, codes: Iterable[Reference]) -> parts.Line:
    code, type_, job = rule["cost_code"], rule["cost_type"], rule["sub_job"]
    return parts.Line(
        key=line.key,
        project=project,
        amount=line.amount,
        wbs=lists.budget_code(codes, project=project, cost_code=code, cost_type=type_, sub_job=job),
        code=".".join(filter(None, (job, code, type_))),
        commitment=rule["commitment"],
        description=line.description,
    )


def _in_directory(bill: Owed, project: str, vendor: str, link: Link) -> list[Reference]:
    """The vendor in the project's directory, where it has another id (sheet section 7). Raises Held for two.

    One that we made a moment ago is in no list yet: it has the name that the books give it.
    """
    company = link.entry("vendor", vendor) or Reference(id=vendor, name=bill.vendor_name)
    listed = link.entries("project_vendor", project)
    found = lists.same_vendor(company, listed)
    if len(found) > 1:
        shown = "; ".join(f"{one.label} (id {one.id})" for one in found[:5])
        raise Held(
            "ambiguous_match",
            f"{company.name} stands more than once in the directory of the project {project}: {shown}.",
            cause=f"vendor {company.name} in project {project}",
            fix="Remove all but one of them from the project's Directory > Companies in Procore.",
            waits_for=["reference:project_vendor"],
        )
    return found


def _part(name: str, bill: Owed, part: parts.Requisition | parts.DirectCost, vendor: str, link: Link) -> Part:
    summary = replace(
        _summary(bill, ()), money=Money(sum((line.amount for line in part.lines), Decimal("0.00")), bill.currency)
    )
    make = (
        partial(_requisition, bill, part)
        if isinstance(part, parts.Requisition)
        else partial(_direct_cost, bill, part, vendor)
    )
    found = link.part(name, summary, make)
    return replace(found, held=in_project(found.held, part.project)) if found.held else found


def _requisition(bill: Owed, part: parts.Requisition, link: Link) -> Draft:
    periods = link.entries("billing_period", part.project)
    late = link.policy("late_posting") == "newest_open"
    period = lists.billing_period(periods, project=part.project, day=bill.date, late=late)
    kept = part.commitment.retainage if link.policy("retainage") == "commitment" else Decimal(0)
    return requisition_draft(
        commitment=part.commitment.id,
        vendor_name=bill.vendor_name,
        period=period.id.rpartition("/")[2],
        begin=datetime.date.fromisoformat(period.contact["begin"]),
        end=datetime.date.fromisoformat(period.contact["end"]),
        date=bill.date,
        number=bill.number,
        currency=bill.currency,
        lines=[
            share_of(line=id_, amount=amount, retainage=shares.percent(amount, kept))
            for id_, amount in part.shares.items()
        ],
        status=link.policy("requisition_status"),
    )


def _direct_cost(bill: Owed, part: parts.DirectCost, vendor: str, link: Link) -> Draft:
    there = link.need("vendor", f"{bill.vendor}@{part.project}", bill.vendor_name)
    return direct_cost_draft(
        project=part.project,
        vendor=there.rpartition("/")[2],
        company_vendor=vendor,
        vendor_name=bill.vendor_name,
        date=bill.date,
        number=bill.number,
        currency=bill.currency,
        lines=[
            cost_line(key=line.key, wbs=line.wbs, amount=line.amount, description=line.description)
            for line in part.lines
        ],
        memo=bill.memo,
        status=link.policy("direct_cost_status"),
        paid=_paid_on(bill, link),
        lock=_locks(link),
    )


def _locks(link: Link) -> bool:
    """Another program that keeps the origin ids of this company keeps them for itself (sheet section 6)."""
    return link.policy("lock_direct_costs") == "yes" and link.fact("preference", "other_accounting") != "true"


def _paid_on(bill: Owed, link: Link) -> str:
    """The day of the last payment of a bill that is paid in full; "" while something is open."""
    days = [bill.paid_on.isoformat() if bill.paid_on else ""]
    for id_ in bill.paid_by:
        payment = link.known("bill_payment", id_)
        if payment.state == "absent":
            link.missing.append(link.waits_for("bill_payment", id_, payment, until="known"))
        days.append(payment.day.isoformat() if payment.day else "")
    return max(days)


def _summary(bill: Owed, lines: Sequence[CostLine]) -> Summary:
    money = Money(sum((line.amount for line in lines), Decimal("0.00")), bill.currency)
    return Summary(title=bill.title, number=bill.number, party=bill.vendor_name, day=bill.date, money=money)
