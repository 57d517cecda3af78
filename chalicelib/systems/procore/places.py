"""The projects that a customer's bills go to, looked over before the first one goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.engine.line import Line
from chalicelib.engine.match import plain_name
from chalicelib.engine.ports import Target
from chalicelib.engine.records import Reference
from chalicelib.engine.system import Place
from chalicelib.systems.procore import lists
from chalicelib.systems.procore.fixes import PERMISSION
from chalicelib.systems.procore.target import ProcoreTarget

MOST_CODES = 10  # named of one project


def look_over(line: Line, named: Sequence[str], answers: Sequence[tuple[str, Mapping[str, str]]]) -> Iterator[Place]:
    """One project after another; `answers` are the scopes and answers of the rules for cost codes."""
    target = ProcoreTarget(line)
    for name, found in _named(named, target.references("project")):
        yield _place(target, found, answers) if found else _absent(name)


def _named(named: Sequence[str], known: Sequence[Reference]) -> list[tuple[str, Reference | None]]:
    """Each project once, however it is named."""
    found: dict[str, tuple[str, Reference | None]] = {}
    for name in named:
        one = next((project for project in known if name in (f"id:{project.id}", project.code)), None)
        one = one or next((project for project in known if plain_name(project.name) == plain_name(name)), None)
        found.setdefault(one.id if one else name, (name, one))
    return list(found.values())


def _absent(name: str) -> Place:
    says = f"ready for bills: no, because Procore shows the app no project {name.removeprefix('id:')}. {PERMISSION}"
    return Place(name, ready=False, says=says)


def _place(target: Target, project: Reference, answers: Sequence[tuple[str, Mapping[str, str]]]) -> Place:
    [found] = target.references(f"readiness@{project.id}")
    notes = _without_code(target, project, answers) if found.active else []
    return Place(project.label, ready=found.active, says=found.full_name, notes=notes)


def _without_code(target: Target, project: Reference, answers: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    codes = target.references(f"wbs_code@{project.id}")
    own = (plain_name(project.code), plain_name(project.name))
    missing = [
        ".".join(filter(None, (answer.get("sub_job", ""), answer["cost_code"], answer["cost_type"])))
        for scope, answer in answers
        if (not scope or plain_name(scope) in own) and not _has(codes, project.id, answer)
    ]
    if not missing:
        return []
    shown = list(dict.fromkeys(missing))
    more = f" and {len(shown) - MOST_CODES} more" if len(shown) > MOST_CODES else ""
    return [
        f"The rules name {', '.join(shown[:MOST_CODES])}{more}, for which the project has no budget code: a bill line "
        "that comes to one is held there. Add it in the project's Admin > Work Breakdown Structure, or write a rule "
        "for this project."
    ]


def _has(codes: Sequence[Reference], project: str, answer: Mapping[str, str]) -> bool:
    sub_job = answer.get("sub_job", "")
    return bool(
        lists.budget_code(
            codes, project=project, cost_code=answer["cost_code"], cost_type=answer["cost_type"], sub_job=sub_job
        )
    )
