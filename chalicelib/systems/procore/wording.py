"""Procore's own sentences as a customer reads them: in plain words, and the place they speak of."""

from __future__ import annotations

import re
from collections.abc import Mapping

FIELDS = {
    "vendor_id": "vendor",
    "wbs_code_id": "budget code",
    "cost_code_id": "cost code",
    "line_item_type_id": "cost type",
    "commitment_id": "commitment",
    "contract_id": "commitment",
    "period_id": "billing period",
    "requisition_id": "invoice",
    "requisition": "invoice",
    "project_id": "project",
    "company_id": "company",
    "origin_id": "id in the other system",
}
# Which tool of Procore an address belongs to, the first that fits.
TOOLS = (
    ("/direct_costs", "Direct Costs tool"),
    ("/requisitions", "Commitments tool"),
    ("contract", "Commitments tool"),
    ("/commitments", "Commitments tool"),
    ("/billing_periods", "Commitments tool"),
    ("/work_breakdown_structure", "Admin tool (Work Breakdown Structure)"),
    ("/cost_codes", "Admin tool (cost codes)"),
    ("/line_item_types", "Admin tool (cost types)"),
    ("/vendors", "Directory tool"),
    ("/tools", "Home tool"),
    ("/projects", "list of projects"),
)
_FIELD = re.compile(r"\b(" + "|".join(sorted(FIELDS, key=len, reverse=True)) + r")\b")
_SNAKE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_WORD = re.compile(r"(\ban )?(\w{0,40})error", re.IGNORECASE)
_PROJECT = re.compile(r"/projects/([0-9]+)")


def plain_words(detail: str) -> str:
    """Without the vendor's names of fields, and the word that scares."""
    text = _FIELD.sub(lambda found: FIELDS[found[1]], " ".join(detail.split()))
    text = _SNAKE.sub(lambda found: found[0].replace("_", " "), text)
    text = _WORD.sub(lambda found: f"{'a ' if found[1] else ''}{found[2]}problem", text)
    return text.replace("requisition", "invoice").strip()


def project_of(path: str, params: Mapping[str, str]) -> str:
    """The project that a call concerns; "" where it concerns the company."""
    found = _PROJECT.search(path)
    return found[1] if found else params.get("project_id", "")


def place(path: str, project: str) -> str:
    """The tool and the project that an address belongs to, as people call them."""
    tool = next((name for part, name in TOOLS if part in path), "company")
    of = f"the project {project}" if project else "the company"
    return of if tool == "company" else f"the {tool} of {of}"


def inside(title: str) -> str:
    """A title in the middle of a sentence."""
    return title[0].lower() + title[1:] if title.startswith(("The ", "A ")) else title
