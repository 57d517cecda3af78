"""Mappings and rules as a CSV file: out and in without loss, and precise about what does not fit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.engine import rules
from mlc import sheet
from tests.unit.api_world import FLOW
from tests.unit.test_mlc import Service

HEADER = "kind,value,stands for,scope,account equals,description word,account one of,then cost_code,then cost_type\r\n"
RULES: list[dict[str, Any]] = [
    {"scope": "Bridge 7", "when": {"account": {"one_of": ["5010", "=5020"]}}, "then": {"cost_code": "a"}},
    {"when": {"description": {"word": 'say "hi", twice'}, "account": {"equals": "5010"}}, "then": {"cost_code": "b"}},
    {"then": {"cost_code": "-c", "cost_type": "M"}},
]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    service.world.set_up(mappings={"account": {"0710": "=6100", "@x": "+1", "-": "id:5", "'q": 'a, "b"'}})
    yield service
    service.server.shutdown()
    service.server.server_close()
    service.thread.join()


def full(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"cost_code": [{**rule, "then": {"cost_type": "M", **rule["then"]}} for rule in rules]}


def file(tmp_path: Path, text: str, *, encoding: str = "utf-8") -> str:
    path = tmp_path / "mappings.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


# ---------------------------------------------------------------------------------------------- out and in


def test_what_was_exported_is_imported_without_a_change(service: Service, tmp_path: Path) -> None:
    service.world.set_up(rules=full(RULES))
    out = tmp_path / "out.csv"
    said = service.mlc("mappings", "export", FLOW, "--out", str(out)).output
    assert f"`mlc mappings import {FLOW} {out} --based-on 2`" in said
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    answer = service.told("mappings", "import", FLOW, str(out))
    assert (answer["applied"], answer["changes"]) == (False, [])
    plain = service.mlc("mappings", "export", FLOW).output
    assert service.told("mappings", "import", FLOW, file(tmp_path, plain))["applied"] is False


def test_nothing_that_is_exported_is_a_formula(service: Service) -> None:
    service.world.set_up(rules=full(RULES))
    text = service.mlc("mappings", "export", FLOW).output
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert {"'=6100", "'@x", "'-c", "''q"} <= set(cells)


def test_a_formula_that_somebody_typed_is_taken_as_it_stands(service: Service, tmp_path: Path) -> None:
    service.mlc("mappings", "import", FLOW, file(tmp_path, "kind,value,stands for\naccount,=1+1,'tis\n"))
    assert service.world.flow().mappings == {"account": {"=1+1": "'tis"}}


TEXT = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Cf", "Co")), min_size=1
).filter(lambda text: bool(text.strip()) and text.isprintable())
CONDITION = st.fixed_dictionaries(
    {}, optional={"equals": TEXT, "contains": TEXT, "word": TEXT, "one_of": st.lists(TEXT, min_size=1, max_size=3)}
).filter(bool)
RULE = st.fixed_dictionaries(
    {"then": st.dictionaries(st.sampled_from(["cost_code", "cost_type"]), TEXT, min_size=1)},
    optional={
        "scope": TEXT,
        "when": st.dictionaries(st.sampled_from(["account", "item"]), CONDITION, min_size=1),
    },
)


@given(st.dictionaries(TEXT, TEXT, max_size=4), st.lists(RULE, max_size=4))
def test_whatever_was_saved_survives_the_round(values: dict[str, str], rules: list[Any]) -> None:
    mappings = {"account": values} if values else {}
    text = sheet.written({"mappings": mappings, "rules": {"cost_code": rules} if rules else {}})
    read = sheet.parse(text)
    assert (read.mappings, read.rules.get("cost_code", [])) == (mappings, rules)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_make_of_a_csv_file_is_read(end: str, encoding: str, delimiter: str, tmp_path: Path) -> None:
    rows = [["Kind", "Value", " Stands  for", ""], ["account", '"7010 ""é"""', "6100", ""], ["", "", "", ""]]
    text = "".join(delimiter.join(row) + end for row in rows)
    read = sheet.load(Path(file(tmp_path, text, encoding=encoding)))
    assert read.mappings == {"account": {'7010 "é"': "6100"}}


# ---------------------------------------------------------------------------------------------- saving


def test_import_shows_first_and_then_saves_and_leaves_other_kinds_alone(service: Service, tmp_path: Path) -> None:
    service.world.held("1", waits_for=["mapping:account:7030"])
    service.world.set_up(rules=full(RULES[2:]))
    path = file(tmp_path, "kind,value,stands for\naccount,7030,6100\n")
    planned = service.mlc("mappings", "import", FLOW, path, "--plan").output
    assert "mappings/account/7030: nothing -> 6100" in planned
    assert "mappings/account/0710: =6100 -> nothing" in planned
    assert "1 of 1 held records would go on." in planned
    assert "0 of 0 records moved before would have come out otherwise." in planned
    assert service.world.flow().mapping_version == 2
    done = service.mlc("mappings", "import", FLOW, path).output
    assert f"1 held records of {FLOW} go on." in done
    assert "Saved as version 3." in done
    assert service.world.flow().mappings == {"account": {"7030": "6100"}}
    assert len(service.world.flow().rules["cost_code"]) == 1


def test_an_import_made_from_an_older_version_is_refused_with_what_changed_since(
    service: Service, tmp_path: Path
) -> None:
    service.world.set_up(mappings={"account": {"7030": "6300"}})
    path = file(tmp_path, "kind,value,stands for\naccount,7030,6100\n")
    refused = service.mlc("mappings", "import", FLOW, path, "--based-on", "1")
    assert refused.exit_code == 1
    assert "mappings/account/7030: nothing -> 6300" in refused.output
    assert "were changed since version 1: version 2 (saved by first admin at" in refused.output
    assert service.world.flow().mappings["account"]["7030"] == "6300"


def test_versions_are_listed_compared_and_brought_back(service: Service) -> None:
    service.world.set_up(mappings={"account": {"0710": "6200"}})
    listed = service.mlc("mappings", "versions", FLOW).output.splitlines()
    assert [line.split()[0] for line in listed] == ["version", "2", "1"]
    assert "mappings/account/0710: =6100 -> 6200" in service.mlc("mappings", "diff", FLOW, "2").output
    assert "mappings/account/0710: 6200 -> =6100" in service.mlc("mappings", "diff", FLOW, "1", "2").output
    assert "Only planned" in service.mlc("mappings", "rollback", FLOW, "1", "--plan").output
    assert "Saved as version 3." in service.mlc("mappings", "rollback", FLOW, "1").output
    assert service.world.flow().mappings["account"]["0710"] == "=6100"
    assert "brought back version 1" in service.mlc("mappings", "versions", FLOW).output
    assert service.mlc("mappings", "rollback", FLOW, "9").exit_code == 1


def test_a_rule_that_never_has_a_say_is_told_by_apply_and_import(service: Service, tmp_path: Path) -> None:
    text = HEADER + "cost_code,,,,,,,a,M\r\ncost_code,,,,5010,,,b,M\r\n"
    said = service.mlc("mappings", "import", FLOW, file(tmp_path, text)).output
    assert "rule 2 of cost_code never has a say, because rule 1 always fits first." in said


def test_applying_a_file_shows_first_what_its_rules_would_do(service: Service, tmp_path: Path) -> None:
    service.world.held("1", waits_for=[rules.token("cost_code", {"account": "5010"}, "")])
    wanted = {"flows": {FLOW: {"from": "purchasing", "to": "books", "cut_over": "2026-01-01"}}}
    wanted["flows"][FLOW]["rules"] = full([{"then": {"cost_code": "a"}}])  # type: ignore[assignment]  # text elsewhere
    path = tmp_path / "customer.yaml"
    path.write_text(yaml.safe_dump(wanted))
    planned = service.mlc("apply", str(path), "--plan").output
    assert 'rules/cost_code/1: nothing -> any line: cost_code "a", cost_type "M"' in planned
    assert f"{FLOW}: 1 of 1 held records would go on." in planned
    assert f"1 held records of {FLOW} go on." in service.mlc("apply", str(path)).output


def test_a_rule_of_the_file_that_does_not_fit_is_told_with_its_line(service: Service, tmp_path: Path) -> None:
    lines = [
        "flows:",
        f"  {FLOW}:",
        "    from: purchasing",
        "    to: books",
        "    cut_over: 2026-01-01",
        "    rules:",
        "      cost_code:",
        "        - then: {cost_code: a, cost_type: M}",
        "        - when: {acount: {equals: '5010'}}",
        "          then: {cost_code: a}",
    ]
    path = tmp_path / "customer.yaml"
    path.write_text("\n".join(lines))
    said = service.mlc("apply", str(path)).output
    assert f"customer.yaml:9: flows.{FLOW}.rules.cost_code.1.when.acount: expected one of account" in said
    assert "customer.yaml:10: " in said


# ---------------------------------------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", 'row 1: expected a header with the column "kind"'),
        ("a,b\n1,2\n", 'row 1: expected a header with the column "kind", got a, b'),
        ("kind,value,stands for,acount\n", "row 1, column acount: expected one of kind, value, stands for"),
        ("kind,value,value,stands for\n", "row 1, column value: expected each column once"),
        ("kind,value,stands for\n,7010,6100\n", "row 2, column kind: expected the kind, such as account, got nothing"),
        ("kind,value,stands for\naccount,7010,\n", "row 2, column stands for: expected what it stands for"),
        ("kind,value,stands for\naccount,,6100\n", "row 2, column value: expected what is mapped"),
        ("kind,value,stands for\naccount,1,2\n\naccount,1,3\n", "row 4, column value: expected each account once"),
        ("kind,value,stands for\naccount,1,2,3\n", "row 2: expected at most 3 cells"),
        ("kind,value,stands for,\naccount,1,2,3\n", "row 2: expected no cell under a column without a name"),
        ('kind,value,stands for\naccount,"1,2\n', "expected CSV, quotes closed"),
        ('kind,value,stands for\naccount,"1"x,2\n', "expected CSV, quotes closed"),
        ("kind,value,stands for\naccount," + "x" * 501 + ",2\n", "row 2, column value: expected one line of at most"),
        ("kind,value,stands for\naccount,1," + "x" * 501 + "\n", "row 2, column stands for: expected at most 500"),
        ("kind,value,stands for\nacount,1,2\n", 'row 2, column kind: expected account, got "acount"'),
        (HEADER + "cost_code,7010,6100,,5010,,,,\n", "row 2, column account equals: expected nothing"),
        (HEADER + "cost_code,,,,5010,,,,\n", 'row 2: expected an answer under a column "then ..."'),
        (HEADER + "cost_code,,,,5010,,,a,\n", "row 2, column then: expected the cost type of the answer, got nothing"),
        (HEADER + "colour,,,,5010,,,a,M\n", 'row 2, column kind: expected cost_code, got "colour"'),
        (HEADER + "cost_code,,,,,,\"5010\n\n6010\",a,M\n", "row 2, column account one of: expected at least 1"),
        (HEADER + "cost_code,,,,,,,a,M\ncost_code,,,, ,,,a,M\n", "row 3, column account equals: expected text that is"),
        ("kind,colour word,then cost_code,then cost_type\ncost_code,red,a,M\n", "row 2, column colour word: expected"),
        ("kind,then cost_code,then hue,then cost_type\ncost_code,a,b,M\n", "row 2, column then hue: expected one of"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_row_column_and_the_fix(
    service: Service, tmp_path: Path, text: str, says: str
) -> None:
    before = service.world.store.all_items()
    path = file(tmp_path, text)
    result = service.mlc("mappings", "import", FLOW, path)
    assert result.exit_code == 1
    assert says in result.output
    assert "Nothing was changed." in result.output
    assert service.told("mappings", "import", FLOW, path)["errors"]
    assert service.world.store.all_items() == before


def test_a_file_that_is_no_utf_8_is_told(service: Service, tmp_path: Path) -> None:
    path = file(tmp_path, "kind,value,stands for\naccount,é,1\n", encoding="latin-1")
    said = service.mlc("mappings", "import", FLOW, path).output
    assert "row 2: expected UTF-8 text (save as CSV UTF-8), got the byte 0xe9" in said
