"""`make bench`: every figure in one run. `ARGS="reading importing"` chooses, `--records` and `--repeats` size it."""

from __future__ import annotations

import argparse
import os

os.environ.update({"STAGE": "local", "AWS_DEFAULT_REGION": "us-east-1"})

from benchmarks import delivery, importing, operations, qbxml, reading, talking
from benchmarks.measure import HEADING, REPEATS

CLOCKED = {
    "reading": reading.run,
    "qbxml": qbxml.run,
    "talking": talking.run,
    "importing": importing.run,
    "delivery": delivery.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*CLOCKED, "operations", []], help="all, if none is named")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    chosen = parser.parse_args()
    wanted = chosen.what or [*CLOCKED, "operations"]
    print(HEADING)
    for name, run in CLOCKED.items():
        if name in wanted:
            for line in run(chosen.records, chosen.repeats):
                print(line.text(), flush=True)
    if "operations" in wanted:
        print("\n" + operations.report(min(chosen.records, 400)))
        print("\n" + talking.report())


if __name__ == "__main__":
    main()
