"""How fast responses of QuickBooks Desktop become typed rows, against bare lxml.iterparse over the same bytes.

    .venv/bin/python -m benchmarks.qbxml [megabytes]

With qbwc-kit installed (`.venv/bin/pip install qbwc-kit`) its reader runs over the same bytes too.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import tracemalloc
from collections.abc import Callable
from io import BytesIO

from lxml import etree

from chalicelib.systems.quickbooks_desktop import reading

ROUNDS = 5
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


def kit(document: bytes) -> int:
    from qbwc_kit.qbxml.parser import parse_response

    return len(parse_response(document).responses[0].records)


def best(read: Callable[[bytes], int], document: bytes) -> float:
    """Seconds of the best of several rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        read(document)
        times.append(time.perf_counter() - begun)
    return min(times)


def growth(document: bytes) -> int:
    """Bytes of Python memory at the highest point of a walk through it."""
    tracemalloc.start()
    ours(document)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    one = len(response(1)) - len(_HEAD) - len(_TAIL)
    document = response(int(megabytes * 1e6 / one))
    floor, typed = best(bare, document), best(ours, document)
    print(f"{len(document) / 1e6:.1f} MB of bills")
    print(f"bare iterparse      {floor:.3f} s")
    print(f"typed rows          {typed:.3f} s   {floor / typed:.2f} of bare")
    if importlib.util.find_spec("qbwc_kit"):
        other = best(kit, document)
        print(f"qbwc-kit            {other:.3f} s   ours is {other / typed:.1f} times as fast")
    print(f"memory of the walk  {growth(document) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
