"""Where the vendor is silent, or behaves one way today and another tomorrow: a switch for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    limits: bool = True
    limit_scale: float = 1.0
    retry_after: int = 0  # seconds named in a 429's Retry-After; 0 leaves the header out
    access_token_seconds: int = 3600
    rotate_every_refresh: bool = True  # False: the refresh token changes only once it is 24 h old
    auto_consent: bool = True  # the authorize page sends the browser straight back
    consent_realm: str = ""  # which company the person picks; empty: the first
    refuse_consent: bool = False  # the person says no
    requestid_retention: float = 86_400.0
    replay_refusals: bool = True  # a repeated requestid brings back a refusal as well as a success
    list_lag: float = 0.0  # seconds until a write shows up in queries
    stale_query_sync_tokens: bool = False  # queries carry the SyncToken before the last change
    xml_gateway: bool = False  # 401 and 403 come as XML
    faults_as_200: bool = False  # refusals come with status 200
    paid_bill_delete: str = "refuse"  # or "detach": what deleting a bill with payments does
    webhook_form: str = "cloud_events"  # or "old": the switch on the portal's page
    webhooks_mixed: bool = True  # one call tells of several companies
    webhooks_held_back: bool = True  # later deliveries wait behind one that failed
    webhooks_fault: str = ""  # "drop": nothing is sent; "twice": all of it again; "reverse": the last event first
