"""Where the vendor is silent, or behaves one way today and another tomorrow: a switch for each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Options:
    limits: bool = True
    limit_scale: float = 1.0  # multiplies both windows
    hourly_limit: int = 3600
    spike_limit: int = 25  # in 10 seconds
    retry_after: int = 0  # seconds named in a 429's Retry-After; 0 leaves the header out
    token_seconds: int = 5400
    token_on_api_host: bool = False  # some report that the API's host mints tokens too
    server_fault_status: int = 500  # or 502, 504
    slow_over: int = 0  # lists of more rows a page than this answer 408; 0 never
    largest_sync_bytes: int = 1_000_000  # a larger sync body answers 413
    ranges: str = "both"  # how a date range is written: "bare", "quoted" or "both"
    locks_bind_api: list[str] = field(default_factory=lambda: ["payments"])  # also "direct_costs", "requisitions"
    unlink_by_null: bool = True  # an origin_id set to null or "" unlocks
    direct_cost_vendor: str = "project"  # whose id a direct cost wants: "project", "company" or "either"
    project_vendor_shows_origin: bool = True
    remove_used_vendor: bool = False  # a vendor with commitments may leave the project's directory
    closed_period_by_admin: bool = True  # a closed billing period may be named by its id
    one_open_requisition: bool = False  # no new requisition while one of the commitment is neither approved nor noted
    ignore_items_on_create: bool = False  # a new requisition's items are dropped without a word
    negative_requisitions: bool = True
    negative_direct_costs: bool = True
    locked_budget_takes_new_codes: bool = True  # a cost on a code without a line makes one in a locked budget too
    payment_needs_approval: bool = True  # a payment names an approved requisition
    payment_keeps_requisition: bool = True  # a payment's requisition_id is stored and shown
    payments_block_delete: bool = True  # a requisition with payments cannot be deleted
    payment_date_null_clears: bool = True
    purchase_order_statuses: list[str] = field(default_factory=lambda: ["Approved"])  # that can be invoiced
