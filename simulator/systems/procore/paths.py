"""The parts of addresses and the groups of parameters that many addresses share."""

from __future__ import annotations

V1, V11 = "/rest/v1.0", "/rest/v1.1"
V2 = "/rest/v2.0/companies/{company_id}/projects/{project_id}"
HERE, HERE_11 = f"{V1}/projects/{{project_id}}", f"{V11}/projects/{{project_id}}"

PAGE = "page:i per_page:i"
PROJECT = "project_id!:i"
DATES = "filters[created_at]:s filters[updated_at]:s"
BY_NAME = "sort:=name|-name"
OF_LINES = f"{PAGE} filters[id]:s {DATES} filters[cost_code_id]:s filters[line_item_type_id]:s"
REQUISITION_VIEW = "view:=default|extended|items|action_policy"


def filters(names: str) -> str:
    return " ".join(f"filters[{name}]:s" for name in names.split())
