"""An amount split over several, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def split(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """In proportion to the weights; the cents that are left go where most was cut off. Adds up to the amount.

    Where the weights add up to nothing, all of it goes to the first.
    """
    whole = sum(weights, Decimal(0))
    if not whole:
        return [amount, *[Decimal("0.00") for _ in weights[1:]]]
    exact = [amount * weight / whole for weight in weights]
    cut = [one.quantize(CENT, ROUND_DOWN) for one in exact]
    left = amount - sum(cut)
    step = CENT if left >= 0 else -CENT
    most = sorted(range(len(cut)), key=lambda n: abs(exact[n] - cut[n]), reverse=True)
    for n in most[: int(abs(left) / CENT)]:
        cut[n] += step
    return cut


def percent(amount: Decimal, rate: Decimal) -> Decimal:
    return (amount * rate / 100).quantize(CENT, ROUND_HALF_UP)
