"""What a customer may choose about bills and payments in Procore, in both flows into it."""

from __future__ import annotations

from chalicelib.engine.flow import Policy

POLICIES = [
    Policy("unmatched_vendor", "create", ("create", "hold"), "A vendor that Procore does not have."),
    Policy("no_project", "hold", ("hold", "leave_out"), "Lines of a bill that name no job."),
    Policy("no_commitment", "direct_cost", ("direct_cost", "hold"), "A vendor without a commitment on a project."),
    Policy("multi_commitment", "hold", ("hold", "split", "direct_cost"), "A bill that names several commitments."),
    Policy("tax", "hold", ("hold", "spread", "line"), "Tax on top of the lines of a bill."),
    Policy("retainage", "none", ("none", "commitment"), "What is retained of an invoice."),
    Policy("late_posting", "hold", ("hold", "newest_open"), "A bill whose billing period is closed."),
    Policy("requisition_status", "under_review", ("draft", "under_review", "approved"), "The status of a new invoice."),
    Policy("direct_cost_status", "approved", ("draft", "pending", "approved"), "The status of a new direct cost."),
    Policy("lock_direct_costs", "yes", ("yes", "no"), "Whether Procore locks our direct costs for people."),
    Policy("withdrawn_bill", "mirror", ("mirror", "hold"), "A bill deleted after it moved."),
    Policy("withdrawn_payment", "delete", ("delete", "hold"), "A payment voided or deleted after it moved."),
]
