"""Which of the places where something can break are tried: each of them with MLC_EVERY=1, else one in seven."""

from __future__ import annotations

import os
from collections.abc import Sequence

EVERY = int(os.environ.get("MLC_EVERY", "7"))


def some(count: int, begin: int) -> Sequence[int]:
    """Of the places 1 to `count`; another life begins with another one, and the last is always tried."""
    chosen = range(1 + begin % EVERY, count + 1, EVERY)
    return [*chosen, *([count] if count not in chosen else [])]
