"""How fast responses of QuickBooks Desktop become typed rows, beside bare lxml.iterparse and qbwc-kit over the same
bytes; and how much memory a walk through them takes."""

from __future__ import annotations

import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from lxml import etree

from benchmarks.delivery import PEERS, ROOT
from benchmarks.measure import Line, compared, turns
from chalicelib.systems.quickbooks_desktop import reading

PLACE = Path(".bench-qbxml.xml")
_LINE = (
    "<ExpenseLineRet><TxnLineID>{n:X}-{line}</TxnLineID><AccountRef><ListID>80000041-1577836800</ListID>"
    "<FullName>Job Expenses:Job Materials</FullName></AccountRef><Amount>{n}.25</Amount><Memo>Ready mix, 10 yd</Memo>"
    "<CustomerRef><ListID>80000051-1577836800</ListID><FullName>Harbor Group:Pier 4</FullName></CustomerRef>"
    "<ClassRef><ListID>80000061-1577836800</ListID><FullName>03-300</FullName></ClassRef>"
    "<BillableStatus>NotBillable</BillableStatus></ExpenseLineRet>\n"
)
_BILL = (
    "<BillRet>\n<TxnID>{n:X}-1772409600</TxnID>\n<TimeCreated>2026-03-01T19:00:00-05:00</TimeCreated>\n"
    "<TimeModified>2026-03-01T19:00:00-05:00</TimeModified>\n<EditSequence>1772409600</EditSequence>\n"
    "<TxnNumber>{n}</TxnNumber>\n<VendorRef><ListID>80000012-1772323218</ListID><FullName>Bayside Concrete</FullName>"
    "</VendorRef>\n<APAccountRef><ListID>80000031-1577836800</ListID><FullName>Accounts Payable</FullName>"
    "</APAccountRef>\n<TxnDate>2026-03-02</TxnDate>\n<DueDate>2026-04-01</DueDate>\n<AmountDue>{n}.50</AmountDue>\n"
    "<RefNumber>PO-{n}</RefNumber>\n<TermsRef><ListID>80000003-1577836800</ListID>"
    "<FullName>Net 30</FullName></TermsRef>\n<Memo>Caf&#233; {n} [mlc:po:{n}:r1]</Memo>\n"
    "<IsPaid>false</IsPaid>\n{lines}<OpenAmount>{n}.50</OpenAmount>\n</BillRet>\n"
)
_HEAD = (
    '<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n<BillQueryRs requestID="1" statusCode="0" statusSeverity="Info"'
    ' statusMessage="Status OK">\n'
)
_TAIL = "</BillQueryRs>\n</QBXMLMsgsRs>\n</QBXML>\n"


def response(bills: int) -> bytes:
    """A response with so many bills of two lines each."""
    body = "".join(
        _BILL.format(n=n, lines="".join(_LINE.format(n=n, line=line) for line in (1, 2))) for n in range(1, bills + 1)
    )
    return (_HEAD + body + _TAIL).encode()


def bare(document: bytes) -> int:
    """lxml alone: every element is seen and let go of, nothing is made of it."""
    seen = 0
    for _, element in etree.iterparse(BytesIO(document)):
        seen += 1
        element.clear()
    return seen


def ours(document: bytes) -> int:
    return sum(1 for _ in reading.stream(document))


def _timed(read: Callable[[bytes], int], document: bytes) -> Callable[[], float]:
    """Megabytes a second of processor time."""

    def side() -> float:
        begun = time.process_time()
        assert read(document)
        return len(document) / 1e6 / (time.process_time() - begun)

    return side


def _kit(bills: int, megabytes: float) -> Callable[[], float]:
    """The file is left for it; it prints its seconds."""

    def side() -> float:
        command = [str(PEERS), "-m", "benchmarks.peers.qbwc_kit_reading", str(ROOT / PLACE), str(bills)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
        return megabytes / float(done.stdout.split()[-1])

    return side


def growth(document: bytes) -> int:
    """Bytes of Python memory at the highest point of a walk through it."""
    tracemalloc.start()
    ours(document)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def run(records: int, repeats: int) -> Iterator[Line]:
    """20 MB at the usual size, and as much less as fewer records are asked for."""
    bills = max(10, records * 6 // 5)
    document = response(bills)
    sides = {"ours": _timed(ours, document), "lxml.iterparse": _timed(bare, document)}
    if PEERS.exists():
        (ROOT / PLACE).write_bytes(document)
        sides["qbwc-kit"] = _kit(bills, len(document) / 1e6)
    try:
        found = turns(sides, repeats)
    finally:
        (ROOT / PLACE).unlink(missing_ok=True)
    for other, target in (("lxml.iterparse", 0.42), ("qbwc-kit", 2.0)):
        if other in found:
            name = f"{len(document) / 1e6:.1f} MB of qbXML read"
            yield compared(name, found, other, unit="MB/s", target=target)
    few, many = growth(response(max(1, records // 10))) / 1e6, growth(response(records)) / 1e6
    yield Line(
        name=f"memory, {records // 10:,} to {records:,} bills",
        ours=many,
        other="a tenth of them",
        others=few,
        ratio=many / few,
        low=many / few,
        high=many / few,
        unit="MB",
        target=1.05,
        at_most=True,
    )
