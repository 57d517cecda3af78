"""`chalice` that dies after its nth call that changes something: python -m tests.deploy.dying N deploy --stage ..."""

from __future__ import annotations

import os
import sys
from typing import Any

from botocore.client import BaseClient

DIED = 9
READS = ("Get", "List", "Describe", "Head")


def die_after(calls: int) -> None:
    call = BaseClient._make_api_call
    left = calls

    def counted(self: Any, operation: str, given: Any) -> Any:
        nonlocal left
        answer = call(self, operation, given)
        left -= not operation.startswith(READS)
        if left == 0:
            print(f"died after {operation}", flush=True)
            os._exit(DIED)
        return answer

    BaseClient._make_api_call = counted


if __name__ == "__main__":
    die_after(int(sys.argv.pop(1)))
    sys.argv[0] = "chalice"
    from chalice.cli import main

    sys.exit(main())
