"""Where the vendor is silent, or behaves one way today and another tomorrow: a switch for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    access_token_seconds: int = 43_200
    refresh_keeps_created_at: bool = False  # a refresh answers the old created_at, so the token ends earlier
    check_pkce: bool = True  # a wrong or missing code_verifier is refused
    auto_consent: bool = True  # the authorize page sends the browser straight back
    consent_identity: int = 0  # who sits before the page; 0: the first
    refuse_consent: bool = False  # the person says no
    retry_after: int = 30  # seconds named in a 429; 0 leaves the header out
    retry_after_as_date: bool = False
    calls_per_minute: int = 0  # per account; none is published, so none is kept
    me_calls_per_minute: int = 20
    errors_as_200: bool = False  # refusals of the accounting family come with status 200
    errors_as_object: bool = False  # its `errors` is one object instead of a list
    deleted_get: str = "object"  # or "missing" (1012), "gone" (1011): what a deleted object answers by id
    vis_state_filters_payables: bool = True  # False: search[vis_state] is ignored on bills, vendors and payments
    bills_need_include: bool = False  # without include[]=vendor a bill has no vendorid either
    line_shape: str = "nested"  # or "flat": the category of a bill line as text beside its categoryid
    embedded_deleted_payments: bool = True  # a bill still shows its deleted payments
    payment_touches_bill: bool = False  # a payment moves the bill's updated_at and is told as bill.update
    computed_on_write: str = "ignore"  # or "refuse": what writing a bill's amount or status does
    vendor_zone: str = "utc"  # or "eastern": the clock of a vendor's stamps
    longest_notes: int = 1000
    negative_expenses: bool = False
    journal_answer: str = "flat"  # or "result", "empty": what a new journal entry answers
    journal_details_have_ids: bool = True  # False: the old journal's details are listed without ids of their own
    bare_nouns: bool = True  # a callback for "bill" hears all verbs of it
    bill_payment_events: bool = False
    delete_answers_204: bool = False
    handshake_first: bool = False  # the handshake reaches its address before the register call is answered
    webhook_retries: int = 0  # nothing is documented, so nothing is repeated
    webhook_fault: str = ""  # "drop": nothing is sent; "twice": all of it again; "reverse"; "forge": a wrong signature
    webhook_extra_fields: bool = False
