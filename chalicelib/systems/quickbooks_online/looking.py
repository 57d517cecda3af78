"""Look-ups: which records there carry our mark, and which look like ours without it (sheet section 18.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Current, Intent, Json, Sighting
from chalicelib.systems.quickbooks_online import query, shapes
from chalicelib.systems.quickbooks_online.client import Client, Faulty

ANY_MARK = "[mlc:"
ENTITY = {"vendor": "Vendor", "bill": "Bill", "purchase_order": "PurchaseOrder"}


def look(client: Client, intents: Sequence[Intent], *, numbers_per_query: int = 1) -> list[Sighting]:
    """One sighting per intent, in order. Raises Faulty for a query that is not taken, Unfit for an unreadable row."""
    found = {n: Sighting() for n in range(len(intents))}
    by_kind: dict[str, list[int]] = defaultdict(list)
    for n, intent in enumerate(intents):
        if intent.kind == "vendor":
            found[n] = Sighting(twins=[_twin(row, intent) for row in named(client, "Vendor", intent)])
        else:
            by_kind[intent.kind].append(n)
    for kind, places in by_kind.items():
        rows = _documents(client, ENTITY[kind], [intents[n] for n in places], most=numbers_per_query)
        for n in places:
            found[n] = sighting(intents[n], rows)
    return [found[n] for n in range(len(intents))]


def sighting(intent: Intent, rows: Sequence[Json]) -> Sighting:
    """Ours carry our mark; twins have the same number, or no number and the same date and total."""
    ours, twins = [], []
    for row in rows:
        current = shapes.document_current(intent.kind, row, intent)
        if current.ours:
            ours.append(current)
        elif _same_document(intent, current, row):
            twins.append(current)
    return Sighting(ours=ours, twins=twins)


def named(client: Client, entity: str, intent: Intent) -> list[Json]:
    """Vendors, customers or employees of the vendor's name, spelled in any case (sheet section 15)."""
    return query.by_name(client, entity, str(intent.body["name"]), _same_name(intent))


def named_anyhow(client: Client, intent: Intent) -> list[Json]:
    """Vendors of the name out of the whole list: the filter may mind case where the rule of unique names does not."""
    same = _same_name(intent)
    rows = query.rows(client, "Vendor", "Active IN (true,false)")
    fitting = [row for row in rows if same(str(row.get("DisplayName", "")))]
    return sorted(fitting, key=lambda row: row.get("Active") is False)


def _same_name(intent: Intent) -> Callable[[str], bool]:
    name = str(intent.body["name"])
    wanted = {plain_name(name), plain_name(f"{name} (deleted)")}
    return lambda found: plain_name(found) in wanted


def _twin(row: Json, intent: Intent) -> Current:
    """With the fields that we own only, so that a vendor of ours equals what we sent."""
    current = shapes.vendor_current(row)
    return replace(current, body={name: value for name, value in current.body.items() if name in intent.body})


def _same_document(intent: Intent, current: Current, row: Json) -> bool:
    if current.body["vendor"] != intent.body["vendor"]:
        return False
    number = plain_name(str(intent.body.get("number") or ""))
    if number:
        return plain_name(str(current.body["number"])) == number
    total, money = shapes.money(row), intent.money.amount if intent.money else Decimal(0)
    if current.body["date"] != intent.body["date"] or total is None or total.amount != money:
        return False
    # A numbered bill of another record of ours is another document; a person may have added a number to this one.
    return not current.body["number"] or ANY_MARK not in shapes.note_of(row)


# ---------------------------------------------------------------------------------------------- bills, purchase orders


def _documents(client: Client, entity: str, intents: Sequence[Intent], *, most: int) -> list[Json]:
    """Those that could be one of these: of their numbers, or of their vendors and dates where there is no number.

    Reads are billed, so the numbers of all vendors are asked for at once.
    """
    numbered = sorted({(str(i.body["vendor"]), str(i.body["number"])) for i in intents if i.body.get("number")})
    dated = sorted({(str(i.body["vendor"]), str(i.body["date"])) for i in intents if not i.body.get("number")})
    rows: list[Json] = []
    for begin in range(0, len(numbered), most):
        rows += _numbered(client, entity, numbered[begin : begin + most])
    for vendor, date in dated:
        rows += query.rows(client, entity, f"{_of(vendor)} AND TxnDate = {query.literal(date)}")
    return list({str(row["Id"]): row for row in rows}.values())


def _numbered(client: Client, entity: str, wanted: Sequence[tuple[str, str]]) -> Iterable[Json]:
    """`wanted` are pairs of vendor and number."""
    spoken = [(vendor, number) for vendor, number in wanted if query.speakable(number)]
    for vendor, number in wanted:
        if (vendor, number) not in spoken:
            yield from query.rows(client, entity, f"{_of(vendor)} AND DocNumber LIKE {query.pattern(number)}")
    if len(spoken) > 1:
        listed = ",".join(query.literal(number) for number in dict.fromkeys(number for _, number in spoken))
        try:
            yield from query.rows(client, entity, f"DocNumber IN ({listed})")
            return
        except Faulty as faulty:
            if faulty.code not in {"4000", "4001"}:
                raise  # else the list form is not understood there: one by one then
    for vendor, number in spoken:
        # The sheet's own form of the question (section 18.3), to the letter.
        statement = f"select * from {entity} where VendorRef = {query.literal(vendor)}"
        response = client.query(f"{statement} and DocNumber = {query.literal(number)}")
        yield from query.entries(response, entity)


def _of(vendor: str) -> str:
    return f"VendorRef = {query.literal(vendor)}"
