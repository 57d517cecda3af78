"""What every side posts."""

from typing import Any

BODY: dict[str, Any] = {
    "VendorRef": {"value": "100"},
    "APAccountRef": {"value": "1"},
    "TxnDate": "2026-02-20",
    "DueDate": "2026-03-20",
    "DocNumber": "N-1",
    "PrivateNote": "[mlc:p:bill:00000000000000000000000000000000]",
    "Line": [
        {
            "Amount": 60.0,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "2"}},
            "Description": "Rebar",
        }
    ],
}
HEADERS = {"Authorization": "Bearer a", "Accept": "application/json", "Content-Type": "application/json"}
