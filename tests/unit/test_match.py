"""Names that a person should look at before a second vendor is made, and names that nobody takes for one another."""

from __future__ import annotations

import pytest

from chalicelib.engine.match import near
from chalicelib.engine.records import Draft, Reference, Summary


@pytest.mark.parametrize(
    ("name", "there", "alike"),
    [
        ("Acme, Inc.", "ACME", True),
        ("Acmé Tools L.L.C.", "Acme Tools", True),
        ("Lee & Sons", "Lee and Sons Co.", True),
        ("Globex Limited", "Globex Ltd.", True),
        ("North wind Paper", "Northwind Paper", True),
        ("Northern Light Electric", "Northern Lights Electric", True),
        ("Acme Supply 2", "Acme Supply", True),
        ("3 M Company", "3M", True),
        ("Supplier number 7", "Supplier number 17", False),
        ("Route 66 Diner", "Route 6 Diner", False),
        ("John A Smith Plumbing", "John B Smith Plumbing", False),
        ("Harbor Paper", "Harbor Piper Rentals", False),
    ],
)
def test_which_names_a_person_should_look_at(name: str, there: str, *, alike: bool) -> None:
    draft = Draft(kind="vendor", body={"name": name}, summary=Summary(name))
    assert bool(near(draft, [Reference(id="1", name=there), Reference(id="2", name="Nobody Else GmbH")])) is alike
    draft = Draft(kind="vendor", body={"name": there}, summary=Summary(there))
    assert bool(near(draft, [Reference(id="1", name=name)])) is alike
