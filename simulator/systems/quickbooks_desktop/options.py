"""Where public sources disagree, or say nothing, on what QuickBooks does: each switch is one such question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    external_guid_returned: bool = True
    external_guid_unique: bool = False  # a repeated ExternalGUID is refused
    payment_touches_bill: bool = True  # paying a bill moves its TimeModified and EditSequence
    merge_touches_bills: bool = False  # merging vendors moves those of the bills that change hands
    class_refused_when_off: bool = True  # else it is dropped silently
    paid_bill_shows_total: bool = True  # else AmountDue is 0 on a paid bill
    duplicate_bill_numbers: bool = True  # else the second bill of a vendor's number is refused
    missing_id_status: int = 500  # of a query by an id that is not there; 3120 has been recorded too
    inactive_status: int = 3140  # of a write that names an inactive list member
    warn_word: str = "Warn"  # or "Warning"
    odd_characters_refused: bool = False  # else what windows-1252 lacks becomes "?"
    recovered_as: str = "recovery"  # "recovery", "record" or "both": what a repeated message set brings back
    message_sets_kept: int = 0  # 0: all of them
    message_set_seconds: float = 0.0  # how long each is kept; 0: until it is cleared
    longest_message_set_id: int = 23
    status_check_uses_up: bool = False  # asking for an unknown message set makes its id known
    standard_offset_in_summer: bool = False
    include_ret_element_breaks: bool = False
    pretty: bool = False  # answers over many lines
    raw_letters: bool = False  # answers declare windows-1252 and hold its letters as they are
    company_query_fails: bool = False  # the first question of an update tells nothing of the company
    closes_after_failure: bool = False  # the Web Connector calls closeConnection after a call that failed
