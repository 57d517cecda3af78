"""Rules of a customer: which one answers, what is told where none does, and which never have a say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.engine import rules
from chalicelib.engine.link import MOST_LINES, Link
from chalicelib.engine.rules import OPERATORS, Rule, Ruled

CODES = Ruled("cost_code", facts=("account", "item", "description"), answer=("cost_code", "cost_type"), scope="project")


def rule(code: str = "1", *, scope: str = "", **when: Any) -> Rule:
    """`account="5010"` asks for equality; `description={"word": "rebar"}` for something else."""
    asked = {fact: one if isinstance(one, dict) else {"equals": one} for fact, one in when.items()}
    return rules.read({"scope": scope, "when": asked, "then": {"cost_code": code, "cost_type": "M"}})


def answer(listed: list[Rule], scope: str = "", **facts: str) -> str:
    found = rules.first(listed, facts, scope)
    return found.then["cost_code"] if found else ""


def link(listed: list[Rule]) -> Link:
    return Link(
        moves=frozenset(),
        partners={},
        references={},
        closed={},
        mappings={},
        policies={},
        rules={"cost_code": listed},
        ruled={"cost_code": CODES},
    )


# ---------------------------------------------------------------------------------------------- which one answers


@pytest.mark.parametrize(
    ("asked", "text", "fits"),
    [
        ({"equals": "Site Work"}, "site   WORK ", True),
        ({"equals": "site work"}, "site works", False),
        ({"equals": "STRASSE"}, "straße", True),
        ({"one_of": ["5010", "5020"]}, "5020", True),
        ({"one_of": ["5010", "5020"]}, "50", False),
        ({"begins_with": "50"}, "5010 Concrete", True),
        ({"begins_with": "10"}, "5010 Concrete", False),
        ({"contains": "bar"}, "Rebar #4", True),
        ({"contains": "steel"}, "Rebar #4", False),
        ({"word": "rebar"}, "bent REBAR, 12 ft", True),
        ({"word": "bar"}, "bent rebar", False),
        ({"word": "rebar"}, "rebars", False),
        ({"word": "#4"}, "Rebar #4", True),
        ({"word": "12 ft"}, "rebar 12  ft.", True),
        ({"contains": ".*"}, "anything", False),
        ({"word": "re(b"}, "a re(b c", True),
        ({"begins_with": "50", "contains": "crete"}, "5010 Concrete", True),
        ({"begins_with": "50", "contains": "steel"}, "5010 Concrete", False),
        ({"contains": "x"}, "", False),
    ],
)
def test_a_condition_fits_text_whatever_its_case_and_blanks(asked: Any, text: str, fits: bool) -> None:
    assert bool(answer([rule(description=asked)], description=text)) is fits


def test_the_first_rule_that_fits_answers() -> None:
    listed = [rule("rebar", account="5010", description={"word": "rebar"}), rule("concrete", account="5010"), rule("x")]
    assert answer(listed, account="5010", description="Rebar #4") == "rebar"
    assert answer(listed, account="5010", description="Pump") == "concrete"
    assert answer(listed, account="6010") == "x"
    assert answer(listed[:2], account="6010") == ""


def test_a_rule_of_the_project_comes_before_the_company_s_wherever_it_stands() -> None:
    listed = [rule("company", account="5010"), rule("bridge", scope="Bridge 7", account="5010")]
    assert answer(listed, "bridge  7", account="5010") == "bridge"
    assert answer(listed, "Tunnel", account="5010") == "company"
    assert answer(listed, account="5010") == "company"
    assert answer(listed[1:], "Tunnel", account="5010") == ""


def test_a_rule_is_the_same_after_it_was_kept() -> None:
    made = rule("1", scope="Bridge", item={"one_of": ["b", "a"]}, description={"word": "x", "contains": "y"})
    kept = json.loads(json.dumps(made.json(), sort_keys=True))
    assert rules.read(kept) == made
    assert rules.read({"then": {"a": "b"}}).json() == {"then": {"a": "b"}}


# ---------------------------------------------------------------------------------------------- where none fits


def test_a_line_that_no_rule_fits_is_held_naming_its_facts_and_the_rule_that_would_fit_it() -> None:
    facts = {"description": 'Say "hi": x', "item": "", "account": "5010 Concrete"}
    asked = link([])
    assert asked.rule("cost_code", facts, scope="Bridge")["cost_code"] == ""
    (held,) = asked.missing
    assert held.reason == "mapping_missing"
    assert "in the project Bridge" in held.message
    assert 'account "5010 Concrete", description "Say \\"hi\\": x"' in held.message
    assert held.cause == "cost_code account 5010 Concrete"
    (suggested,) = yaml.safe_load(held.fix.partition("cost_code: ")[2])
    assert suggested["then"] == {"cost_code": None, "cost_type": None}
    pasted = rules.read({**suggested, "then": {"cost_code": "03-200", "cost_type": "M"}})
    assert link([pasted]).rule("cost_code", facts)["cost_code"] == "03-200"


@pytest.mark.parametrize("value", ["=1+1", "a: b", "yes", "#5", "x\ty\nz", "é—” ", "{a}", "y" * 900, "'", "\\n"])
def test_the_suggested_rule_fits_its_line_whatever_stands_there(value: str) -> None:
    asked = link([])
    asked.rule("cost_code", {"account": value})
    (suggested,) = yaml.safe_load(asked.missing[0].fix.partition("cost_code: ")[2])
    assert rules.first([rules.read({**suggested, "then": {}})], {"account": value}) is not None


def test_lines_alike_are_one_cause_and_are_told_once() -> None:
    asked = link([])
    for words in ("Rebar", "Pump", "Rebar"):
        asked.rule("cost_code", {"account": "5010", "description": words})
    assert {held.cause for held in asked.missing} == {"cost_code account 5010"}
    assert len(asked.missing) == 2


def test_a_line_without_any_fact_is_held_too() -> None:
    asked = link([])
    asked.rule("cost_code", {"account": " "})
    assert "none of its facts" in asked.missing[0].message
    assert asked.missing[0].cause == "cost_code"


def test_a_document_of_very_many_lines_keeps_the_facts_of_some_and_waits_for_any_rule() -> None:
    asked = link([])
    for n in range(MOST_LINES + 30):
        asked.rule("cost_code", {"account": str(n)})
    tokens = {token for held in asked.missing for token in held.waits_for}
    assert len(tokens) == MOST_LINES + 1
    assert rules.any_token("cost_code") in tokens
    assert len(asked.missing) == MOST_LINES + 1


def test_a_hold_is_let_go_by_another_answer_for_its_line_and_by_nothing_else() -> None:
    token = link([]).rule("cost_code", {"account": "5010"}, scope="Bridge").token

    def lets_go(was: list[Rule], now: list[Rule], token: str = token) -> bool:
        return rules.answers_otherwise(token, {"cost_code": was}, {"cost_code": now})

    fits, other = rule("1", account="5010"), rule("2", account="6010")
    assert lets_go([], [fits])
    assert lets_go([fits], [rule("3", scope="bridge"), fits])
    assert lets_go([fits], [])
    assert not lets_go([], [other])
    assert not lets_go([fits], [other, fits])
    assert not lets_go([], [rule("1", scope="Tunnel", account="5010")])
    assert lets_go([], [other], rules.any_token("cost_code"))
    assert not lets_go([], [fits], "mapping:cost_code:5010")


# ---------------------------------------------------------------------------------------------- rules that never fit


HIDDEN: list[tuple[Mapping[str, Any], Mapping[str, Any], bool]] = [
    ({}, {"account": "1"}, True),
    ({"account": "1"}, {}, False),
    ({"account": "1"}, {"account": "1", "item": "x"}, True),
    ({"account": "1", "item": "x"}, {"account": "1"}, False),
    ({"account": {"begins_with": "50"}}, {"account": "5010"}, True),
    ({"account": {"begins_with": "50"}}, {"account": {"one_of": ["5010", "5020"]}}, True),
    ({"account": {"begins_with": "50"}}, {"account": {"one_of": ["5010", "6020"]}}, False),
    ({"account": {"one_of": ["5010", "5020"]}}, {"account": "5020"}, True),
    ({"account": {"contains": "bar"}}, {"account": {"begins_with": "rebar"}}, True),
    ({"account": {"word": "bar"}}, {"account": {"begins_with": "bar"}}, False),
    ({"account": {"word": "bar"}}, {"account": {"begins_with": "bar stool"}}, True),
    ({"account": {"word": "bar"}}, {"account": {"contains": " bar "}}, False),
    ({"account": {"word": "bar"}}, {"account": {"contains": "a bar b"}}, True),
    ({"account": {"word": "bar"}}, {"account": {"word": "a bar"}}, True),
    ({"account": {"contains": "ba"}}, {"account": {"word": "bar"}}, True),
    ({"account": {"begins_with": "bar"}}, {"account": {"word": "bar"}}, False),
]


@pytest.mark.parametrize(("earlier", "later", "hidden"), HIDDEN)
def test_a_rule_behind_one_that_always_fits_first_is_told(earlier: Any, later: Any, hidden: bool) -> None:
    assert rules.never([rule(**earlier), rule(**later)]) == ([(1, 0)] if hidden else [])


def test_rules_of_different_projects_do_not_stand_in_each_other_s_way() -> None:
    everywhere, bridge, tunnel = rule(), rule(scope="Bridge"), rule(scope="Tunnel")
    assert rules.never([everywhere, bridge, tunnel]) == []
    assert rules.never([everywhere, bridge, tunnel, rule(scope="bridge", account="1")]) == [(3, 1)]


WORDS = st.text(alphabet="ab 1#", min_size=1, max_size=4).filter(str.strip)
CONDITIONS = st.dictionaries(st.sampled_from(sorted(set(OPERATORS) - {"one_of"})), WORDS, min_size=1, max_size=2)
WHENS = st.dictionaries(st.sampled_from(["account", "item"]), CONDITIONS, max_size=2)
TEXTS = st.text(alphabet="ab 1#", max_size=8)


@given(WHENS, WHENS, TEXTS, TEXTS)
def test_a_rule_that_is_said_never_to_have_a_say_never_has_one(
    first: Any, second: Any, account: str, item: str
) -> None:
    listed = [rule("first", **first), rule("second", **second)]
    if rules.never(listed):
        assert answer(listed, account=account, item=item) != "second"
