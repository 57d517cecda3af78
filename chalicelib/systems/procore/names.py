"""Ids, marks, names and places as Procore takes them."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.engine.errors import Held
from chalicelib.engine.match import Rule, plain_name
from chalicelib.engine.records import Draft, Reference

MARK = re.compile(r"\[?(mlc:[^\[\]]*)\]?(?: ([0-9]+)=([0-9]+))?")
ABBREVIATION = 10
_LEGAL = {"inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "co", "company", "lp", "llp"}
# What stands before the id of a record, so that an id alone is enough to reach it.
PLACES = {
    "vendor": (),
    "project_vendor": ("project",),
    "requisition": ("project",),
    "direct_cost": ("project",),
    "contract_payment": ("project", "commitment"),
    "commitment": ("project",),
}


def joined(*ids: str) -> str:
    """A target id: the project (and commitment) that the record is in, and its own id."""
    return "/".join(ids)


def parts(kind: str, target_id: str) -> list[str]:
    """The ids in a target id. Raises Held for one that a person wrote without its project."""
    found, wanted = target_id.split("/"), [*PLACES[kind], "its id"]
    if len(found) != len(wanted) or not all(re.fullmatch(r"[0-9]{1,19}", part) for part in found):
        spoken = kind.replace("_", " ")
        raise Held(
            "bad_target_id",
            f"“{target_id[:80]}” does not name a {spoken} of Procore.",
            cause=f"{kind} {target_id[:80]}",
            fix=f"Link the record again, to {'/'.join(wanted)} in numbers, as they stand in the {spoken}'s address.",
        )
    return found


def origin(mark: str) -> str:
    """The mark as an origin id: a filter's value that begins with a bracket would be read as a list."""
    return mark.strip("[]")


def mark_of(*texts: str) -> str:
    """The record mark in an origin id or origin data; "" in what is somebody else's."""
    found = next((hit for text in texts if (hit := MARK.fullmatch(text.strip()))), None)
    return f"[{found[1]}]" if found else ""


def standing_for(mark: str, *, company_vendor: str, project_vendor: str) -> str:
    """The mark with a note to ourselves: there the vendor goes by its id in the company (sheet section 7)."""
    return f"{mark} {company_vendor}={project_vendor}"


def project_vendor(vendor: str, origin_data: str) -> str:
    """The vendor's id in the project, where a note of ours says that it goes by that in the company."""
    noted = MARK.fullmatch(origin_data.strip())
    return str(noted[3]) if noted and noted[2] == vendor else vendor


def line_origin(mark: str, key: str) -> str:
    return f"{origin(mark)}:line:{key}"


def line_key(origin_data: str, origin_id: str) -> str:
    """Which line of ours a line there is; "" of somebody else's."""
    return origin_data or (origin_id.rpartition(":line:")[2] if ":line:" in origin_id else "")


def company_name(text: str) -> str:
    """How two spellings of a company are compared: without punctuation and legal form (sheet section 7)."""
    kept = "".join(char if char.isalnum() or char.isspace() else " " for char in plain_name(text))
    words = kept.split()
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return " ".join(words)


def _same_company(draft: Draft, ref: Reference) -> bool:
    wanted = company_name(str(draft.body.get("name") or ""))
    return bool(wanted) and wanted in {company_name(name) for name in (ref.name, *ref.aliases)}


def _same_company_there(draft: Draft, ref: Reference) -> bool:
    def both(name: str) -> tuple[str, str]:
        return plain_name(str(draft.body.get(name) or "")), plain_name(ref.contact.get(name, ""))

    pairs = [both(name) for name in ("email", "city", "postal_code")]
    email, city, code = (ours != "" and ours == theirs for ours, theirs in pairs)
    return _same_company(draft, ref) and (email or (city and code))


# Sheet section 7: but for its legal form the name alone makes a candidate; with the address it is the same company.
same_company_there = Rule("same name but for its legal form, and same address", _same_company_there)
same_company = Rule("same name but for its legal form", _same_company, decides=False)


def text(value: str) -> str:
    """One line without control characters."""
    kept = "".join(" " if char.isspace() else char for char in value)
    return " ".join("".join(char for char in kept if unicodedata.category(char)[0] != "C").split())


# ---------------------------------------------------------------------------------------------- states and countries

_UNITED_STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,DC District of "
    "Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA "
    "Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,"
    "NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,"
    "OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX "
    "Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming"
)
_CANADA = (
    "AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,NT "
    "Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon"
)
_COUNTRIES = {"us": "US", "usa": "US", "united states": "US", "united states of america": "US", "canada": "CA"}


def _states(listed: str) -> dict[str, str]:
    pairs = [entry.split(" ", 1) for entry in listed.split(",")]
    return {spelling.casefold(): code for code, name in pairs for spelling in (code, name)}


_STATES = {"US": _states(_UNITED_STATES), "CA": _states(_CANADA)}


def region(state: str, country: str) -> tuple[str, str]:
    """Both codes, of which the state belongs to the country; on doubt neither (sheet section 18, trap 18)."""
    state, country = plain_name(state), plain_name(country)
    code = _COUNTRIES.get(country) or (country.upper() if re.fullmatch(r"[a-z]{2}", country) else "")
    if not code and not country:
        # Of a country that is not named, a state that only one of both has tells it.
        homes = [home for home, states in _STATES.items() if state in states]
        code = homes[0] if len(homes) == 1 else ""
    if not state:
        return "", code
    found = _STATES.get(code, {}).get(state, "")
    return (found, code) if found else ("", "")
