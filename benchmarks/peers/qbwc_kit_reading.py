"""qbwc-kit: the records of a response. Prints seconds of processor time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from qbwc_kit.qbxml.parser import parse_response

document, bills = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
begun = time.process_time()
assert len(parse_response(document).responses[0].records) == bills
print(time.process_time() - begun)
