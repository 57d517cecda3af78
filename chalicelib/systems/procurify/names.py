"""When a vendor of the books is one of Procurify's, where names are not unique (sheet section 8)."""

from __future__ import annotations

from chalicelib.engine.match import Rule, plain_name
from chalicelib.engine.records import Draft, Reference


def _exact_name(draft: Draft, ref: Reference) -> bool:
    return ref.name == draft.body["name"]


def _same_name_there(draft: Draft, ref: Reference) -> bool:
    """But for case and blanks; and the e-mail address, or street and postal code."""

    def both(name: str) -> tuple[str, str]:
        return plain_name(str(draft.body.get(name) or "")), plain_name(ref.contact.get(name, ""))

    email, street, code = (
        ours != "" and ours == theirs for ours, theirs in map(both, ("email", "line1", "postal_code"))
    )
    return plain_name(str(draft.body["name"])) == plain_name(ref.name) and (email or (street and code))


exact_name = Rule("same name", _exact_name)
same_name_there = Rule("same name in another spelling, and same address", _same_name_there)
