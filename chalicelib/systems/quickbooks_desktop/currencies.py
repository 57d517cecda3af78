"""QuickBooks' names of currencies, for which it has no codes: "Canadian Dollar" is what everybody else calls CAD.

Whoever uses one that is not here, or named it anew, maps its code to that name.
"""

from __future__ import annotations

# A company that keeps one currency does not say which: it is that of its edition's country (sheet 1.7).
OF_COUNTRY = {"US": "USD", "CA": "CAD", "UK": "GBP", "GB": "GBP", "AU": "AUD"}
CODES = {
    "us dollar": "USD", "canadian dollar": "CAD", "british pound sterling": "GBP", "australian dollar": "AUD",
    "euro": "EUR", "new zealand dollar": "NZD", "mexican peso": "MXN", "swiss franc": "CHF", "japanese yen": "JPY",
    "chinese yuan renminbi": "CNY", "hong kong dollar": "HKD", "singapore dollar": "SGD", "indian rupee": "INR",
    "swedish krona": "SEK", "norwegian krone": "NOK", "danish krone": "DKK", "israeli shekel": "ILS",
    "south african rand": "ZAR", "brazilian real": "BRL", "philippine peso": "PHP", "polish zloty": "PLN",
}  # fmt: skip


def code(name: str) -> str:
    """The currency's code; a name that is not known stays as it is."""
    return CODES.get(name.casefold(), name)
