"""Amounts: kept as text, reckoned as Decimal, shown in the two ways in which this vendor shows them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal(0)


def exact(value: object) -> Decimal:
    """ValueError when it is no finite number."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(str(value)) from None
    if not found.is_finite():
        raise ValueError(str(value))
    return found


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def padded(value: Decimal) -> str:
    """ "12500.00", as requisitions and direct costs show it."""
    return str(cents(value))


def short(value: Decimal) -> str:
    """ "12500.0", as commitments and payments show it."""
    text = format(value.normalize(), "f")
    return text if "." in text else f"{text}.0"
