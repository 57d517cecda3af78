"""Runs a module as a process that never outlives whoever started it: `python -m simulator.child MODULE ARGUMENTS...`

The parent holds the other end of our standard input and never writes to it. However the parent ends, kill -9 included,
the system closes that end, and we end in the same moment: at once, without saving, as if we had been killed too.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

ORPHANED = 70


def main() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
