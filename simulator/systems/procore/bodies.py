"""The body of every write that the simulator takes, field by field."""

from __future__ import annotations

from simulator.systems.procore.forms import form

_PARTY = (
    "name:s abbreviated_name:s address:s city:s zip:s state_code:s country_code:s business_phone:s mobile_phone:s "
    "fax_number:s email_address:s website:s license_number:s labor_union:s notes:s trade_name:s is_active:b "
    "authorized_bidder:b prequalified:b union_member:b non_union_prevailing_wage:b parent_id:i primary_contact_id:i "
    "origin_id:s origin_data:s origin_code:s"
)
_VENDOR = f"{_PARTY} vendor_group_id:i trade_ids:[i] bidding_distribution_ids:[i] standard_cost_code_ids:[i] bidding:o"
VENDOR_CREATE = form("company_id!:i vendor!:{}", vendor=form(_VENDOR.replace("name:s", "name!:s", 1)))
VENDOR_CHANGE = form("company_id!:i vendor!:{}", vendor=form(_VENDOR))
VENDOR_SYNC = form(
    "company_id!:i updates!:[{}]",
    updates=form(
        f"id:i {_VENDOR} business_register_attributes:{{}} origin_custom_fields:o",
        business_register_attributes=form("type:s identifier:s"),
    ),
)
PROJECT_VENDOR_CREATE = form("vendor!:{}", vendor=form(_PARTY.replace("name:s", "name!:s", 1)))
PROJECT_VENDOR_CHANGE = form("vendor!:{}", vendor=form(f"{_PARTY} bidding:o"))

_SEGMENTS = form("segment_id!:i segment_item_id!:i")
WBS_CREATE = form("description:s segment_items!:[{}]", segment_items=_SEGMENTS)
WBS_BULK = form("bulk!:[{}]", bulk=form("description:s segment_items:[{}]", segment_items=_SEGMENTS))
WBS_CHANGE = form("description:s status:=active|inactive")

_BUDGET = "original_budget_amount:n uom:s quantity:n unit_cost:n calculation_strategy:=automatic|manual"
BUDGET_CREATE = form("project_id!:i budget_line_item!:{}", budget_line_item=form(f"wbs_code_id!:i {_BUDGET}"))
BUDGET_CHANGE = form("project_id!:i budget_line_item!:{}", budget_line_item=form(f"wbs_code_id:i {_BUDGET}"))

SSOV_STATUS = form("project_id!:i status!:=draft|revise_and_resubmit|under_review|approved")

PERIOD = form("billing_period!:{}", billing_period=form("due_date!:d start_date!:d end_date!:d status!:=open|closed"))

_ITEM = (
    "work_completed_this_period:m materials_presently_stored:m work_completed_retainage_retained_this_period:m "
    "materials_stored_retainage_currently_retained:m work_completed_retainage_released_this_period:m "
    "work_completed_this_period_quantity:m subcontractor_claimed_amount:m status:=approved|rejected|no_action comment:s"
)
_ITEM_TYPE = "item_type!:=contract_item|contract_detail_item|change_order_item"
_FULL_ITEM = (
    f"line_item_id:i detail_line_item_id:i {_ITEM_TYPE} {_ITEM} materials_presently_stored_from_previous_progress:m "
    "new_materials:m new_materials_quantity:m stored_materials:m stored_materials_quantity:n "
    "work_completed_retainage_percent_this_period:m materials_stored_retainage_percent_this_period:m"
)
_REQUISITION = (
    "items:[{}] period_id:i requisition_start:d requisition_end:d billing_date:d final:b invoice_number:s "
    "payment_date:d origin_data:s origin_id:s submitted_at:d prostore_file_ids:[i] upload_ids:[s] "
    "status:=draft|under_review|revise_and_resubmit|approved|approved_as_noted|pending_owner_approval"
)
REQUISITION_CREATE = form(
    "project_id!:i commitment_id!:i requisition!:{}", requisition=form(_REQUISITION, items=form(_FULL_ITEM))
)
REQUISITION_CHANGE = form(
    "project_id!:i commitment_id!:i requisition!:{}",
    requisition=form(_REQUISITION, items=form(f"id!:i {_FULL_ITEM}")),
)
BULK_ITEMS = form("requisition_items!:[{}]", requisition_items=form(f"id:i {_ITEM_TYPE.replace('!', '')} {_ITEM}"))
PAYMENT_DETAILS = form("due_date:s")

_PAYMENT = form(
    "date:d invoice_number:s check_number:s invoice_date:d draw_request_number:i notes:s payment_number:i "
    "payment_method:=check|credit_card|electronic amount:m origin_id:s origin_data:s requisition_id:i "
    "prostore_file_ids:[i]"
)
PAYMENT = form("project_id!:i contract_id!:i attachments:[s] contract_payment!:{}", contract_payment=_PAYMENT)

_COST_TYPES = "=invoice|expense|payroll|subcontractor_invoice"
_COST = (
    "description:s direct_cost_date:d employee_id:i origin_data:s origin_id:s payment_date:d received_date:d "
    "status:=draft|pending|revise_and_resubmit|approved terms:s vendor_id:i"
)
_INLINE = "manual_amount:n description:s direct_cost_id:i origin_data:s origin_id:s quantity:n ref:s unit_cost:n uom:s"
DIRECT_COST_CREATE = form(
    "attachments:[s] direct_cost!:{}",
    direct_cost=form(
        f"direct_cost_type!:{_COST_TYPES} invoice_number:s {_COST} line_items:[{{}}]",
        line_items=form(f"wbs_code_id!:i {_INLINE}"),
    ),
)
DIRECT_COST_CHANGE = form(
    "attachments:[s] direct_cost!:{}",
    direct_cost=form(f"{_COST} line_items:[{{}}]", line_items=form(f"id:i wbs_code_id:i {_INLINE}")),
)
DIRECT_COST_SYNC = form(
    "updates!:[{}]",
    updates=form(
        f"id:i direct_cost_type:{_COST_TYPES} invoice_number:s {_COST} currency_iso_code:s currency_exchange_rate:n"
    ),
)
_LINE = (
    "amount:n wbs_code_id:i cost_code_id:i description:s direct_cost_id:i extended_type:=manual|calculated quantity:n "
    "line_item_type_id:i origin_data:s origin_id:s unit_cost:n uom:s tax_code_id:i"
)
LINE = form("line_item!:{}", line_item=form(_LINE))
LINE_SYNC = form("updates!:[{}]", updates=form(f"id:i {_LINE}"))
UPLOAD = form(
    "response_filename!:s response_content_type:s attachment_content_disposition:b size:i segments:[{}]",
    segments=form("size!:i sha256!:s md5:s etag:s"),
)
