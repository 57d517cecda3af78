"""QuickBooks Desktop names currencies; everybody else has their codes."""

from __future__ import annotations

CODES = {
    "us dollar": "USD",
    "u.s. dollar": "USD",
    "canadian dollar": "CAD",
    "british pound sterling": "GBP",
    "british pound": "GBP",
    "australian dollar": "AUD",
    "new zealand dollar": "NZD",
    "euro": "EUR",
    "swiss franc": "CHF",
    "japanese yen": "JPY",
    "chinese yuan renminbi": "CNY",
    "hong kong dollar": "HKD",
    "singapore dollar": "SGD",
    "indian rupee": "INR",
    "mexican peso": "MXN",
    "danish krone": "DKK",
    "norwegian krone": "NOK",
    "swedish krona": "SEK",
    "south african rand": "ZAR",
    "brazilian real": "BRL",
    "israeli new shekel": "ILS",
    "uae dirham": "AED",
    "polish zloty": "PLN",
    "philippine peso": "PHP",
}
OF_COUNTRY = {"US": "USD", "CA": "CAD", "UK": "GBP", "GB": "GBP", "AU": "AUD"}


def code(name: str) -> str:
    """The ISO code of a currency; a name that is not known stays, so that it equals no code."""
    return CODES.get(name.strip().casefold(), name.strip())
