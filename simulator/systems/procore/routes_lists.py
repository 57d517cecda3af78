"""The addresses of what costs are booked on and to whom: companies, projects, directories, codes and budget."""

from __future__ import annotations

from functools import partial

from simulator.systems.procore import bodies, budget, codes, project_vendors, projects, uploads, vendors
from simulator.systems.procore.calling import route
from simulator.systems.procore.paths import BY_NAME, DATES, HERE, HERE_11, PAGE, PROJECT, V1, V2, V11, filters

COMPANY_VIEW = "view:=compact|normal|erp|extended|directory|summary"
PROJECT_VIEW = "view:=normal|extended"
CHANGING = f"{COMPANY_VIEW} run_configurable_validations:s"
CHANGING_HERE = f"{PROJECT_VIEW} run_configurable_validations:s"
OF_VENDORS = (
    f"{PAGE} filters[search]:s filters[standard_cost_code_id][]:[s] filters[trade_id][]:[s] filters[id][]:[s] "
    "filters[parent_id][]:[s]"
)
COMPANY_VENDORS = (
    f"{COMPANY_VIEW} company_id!:i {OF_VENDORS} filters[origin_id]:s {DATES} "
    "sort:=name|-name|main_office_name|project_and_bid_counts"
)
PROJECT_VENDORS = f"view:=extended|ids_only|list|name|minimal|normal {OF_VENDORS} sort:=name|-name|main_office_name"
OF_PROJECTS = (
    f"company_id!:i {PAGE} filters[by_status]:=All|Active|Inactive view:=ids|compact|normal|extended "
    "sort:=name|-name|display_name|-display_name "
) + filters(
    "name project_number created_at updated_at origin_id id synced vendor_id is_demo custom_fields template "
    "by_owner_type by_department by_region by_office by_program by_stage by_type by_bid_type"
)
OF_TOOLS = f"filters[is_active]:s for_mobile:s include_configurable_generic_tools:s {PAGE}"
OF_WBS = (
    "can_select_divisions:s required_segments:[s] filters[status][]:[s] filters[updated_at]:s "
    f"scope:=budget_code|production_quantity_code query:s group_type:=contract group_id:i hide_not_in_group:s {PAGE}"
)
OF_SEGMENT = (
    "legacy_sub_job_id:i legacy_cost_code_id:i include_action_policy:s only_active_items:s "
    f"with_descendant_counts:s include_sub_job_cost_codes:s with_sub_job_cost_codes_count:s {PAGE}"
)
OF_COST_CODES = f"{PROJECT} sub_job_id:i {PAGE} filters[id]:s filters[origin_id]:s view:=default|erp_compact"
OF_ROWS = (
    f"{PROJECT} {PAGE} biller[]:[s] cost_code_id[]:[s] cost_code_name[]:[s] root_cost_code_id[]:[s] "
    "root_cost_code_name[]:[s] category_id[]:[s] budget_line_item_id[]:[s] budget_row_type:=budgeted|unbudgeted|all"
)
ROW_SORT = "sort:=biller_type|project|biller|category_id|cost_code|root_cost_code"
ROW_GROUP = "group_by:=project|biller|category|cost_code|root_cost_code|cost_code_name|root_cost_code_name"

ALL, HIDDEN = f"{V1}/vendors", f"{V1}/companies/{{company_id}}/vendors/inactive"
MINE, HIDDEN_HERE = f"{HERE_11}/vendors", f"{HERE}/vendors/inactive"
CODE, TYPE, STRUCTURE = f"{V1}/cost_codes", f"{V1}/line_item_types", f"{HERE}/work_breakdown_structure"
WBS, SEGMENT = f"{STRUCTURE}/wbs_codes", f"{STRUCTURE}/segments"
LINE, VIEW = f"{V11}/budget_line_items", f"{V1}/budget_views"
everywhere, directory = partial(route, tool="company_directory"), partial(route, tool="directory")
admin, planned = partial(route, tool="admin"), partial(route, tool="budget")

LISTS = (
    route("GET", f"{V1}/me", projects.me, "company_id:i project_id:i"),
    route("GET", f"{V1}/companies", projects.companies, f"{PAGE} include_free_companies:s"),
    route("GET", f"{V11}/projects", projects.projects, OF_PROJECTS, most=300),
    route("GET", f"{V1}/projects/{{id}}", projects.project, "company_id!:i view:=minimal"),
    route("GET", f"{HERE}/tools", projects.tools, OF_TOOLS),
    route("POST", f"{HERE_11}/uploads", uploads.create, sends=bodies.UPLOAD),
    everywhere("GET", ALL, vendors.vendors, COMPANY_VENDORS),
    everywhere("POST", ALL, vendors.create, CHANGING, sends=bodies.VENDOR_CREATE),
    everywhere("PATCH", f"{ALL}/sync", vendors.sync_all, "run_configurable_validations:s", sends=bodies.VENDOR_SYNC),
    everywhere("GET", f"{ALL}/{{id}}", vendors.vendor, f"company_id!:i {COMPANY_VIEW} {PAGE}"),
    everywhere("PATCH", f"{ALL}/{{id}}", vendors.edit, CHANGING, sends=bodies.VENDOR_CHANGE),
    everywhere("GET", HIDDEN, vendors.inactive, f"{PAGE} {COMPANY_VIEW} {BY_NAME}"),
    everywhere("PATCH", f"{HIDDEN}/{{id}}", vendors.reactivate, COMPANY_VIEW),
    directory("GET", MINE, project_vendors.on_project, PROJECT_VENDORS),
    directory("POST", MINE, project_vendors.create, CHANGING_HERE, sends=bodies.PROJECT_VENDOR_CREATE),
    directory("GET", f"{MINE}/{{id}}", project_vendors.vendor, PROJECT_VIEW),
    directory("PATCH", f"{MINE}/{{id}}", project_vendors.edit, CHANGING_HERE, sends=bodies.PROJECT_VENDOR_CHANGE),
    directory("POST", f"{MINE}/{{id}}/actions/add", project_vendors.add_to_project, PROJECT_VIEW),
    directory("DELETE", f"{MINE}/{{id}}/actions/remove", project_vendors.remove_from_project),
    directory("GET", HIDDEN_HERE, project_vendors.inactive, f"{PROJECT_VIEW} {PAGE} {BY_NAME}"),
    directory("PATCH", f"{HIDDEN_HERE}/{{id}}", project_vendors.reactivate, PROJECT_VIEW),
    admin("GET", CODE, codes.cost_codes, OF_COST_CODES),
    admin("GET", f"{CODE}/{{id}}", codes.cost_code, f"{PROJECT} sub_job_id:i"),
    route("GET", TYPE, codes.cost_types, f"company_id:i project_id:i {PAGE} filters[origin_id]:s"),
    route("GET", f"{TYPE}/{{id}}", codes.cost_type, "company_id!:i"),
    admin("GET", f"{V1}/sub_jobs", codes.sub_jobs, f"{PROJECT} {PAGE}"),
    route("GET", f"{V1}/tax_codes", codes.tax_codes, f"company_id!:i {PAGE}", most=100),
    admin("GET", SEGMENT, codes.segments),
    admin("GET", f"{SEGMENT}/{{segment_id}}/segment_items", codes.segment_items, OF_SEGMENT),
    admin("GET", WBS, codes.wbs_codes, OF_WBS),
    admin("POST", WBS, codes.create_wbs, sends=bodies.WBS_CREATE),
    admin("PATCH", f"{WBS}/bulk_create", codes.create_many_wbs, sends=bodies.WBS_BULK),
    admin("PATCH", f"{WBS}/{{id}}", codes.edit_wbs, sends=bodies.WBS_CHANGE),
    planned("POST", LINE, budget.create_line, sends=bodies.BUDGET_CREATE, level="standard"),
    planned("GET", f"{LINE}/{{id}}", budget.line, PROJECT),
    planned("PATCH", f"{LINE}/{{id}}", budget.edit_line, sends=bodies.BUDGET_CHANGE, level="standard"),
    planned("DELETE", f"{V2}/budget_line_items/{{id}}", budget.delete_line),
    planned("GET", VIEW, budget.views, f"project_id:i {PAGE} sort:=created_at|-created_at"),
    planned("GET", f"{VIEW}/{{budget_view_id}}/detail_rows", budget.detail_rows, f"{OF_ROWS} {ROW_SORT}"),
    planned("GET", f"{VIEW}/{{budget_view_id}}/summary_rows", budget.summary_rows, f"{OF_ROWS} {ROW_GROUP}"),
)
