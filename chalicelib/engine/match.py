"""Is it the same company? Rules that decide, rules that only narrow down, and suggestions that never write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.engine.records import Draft, Json, Reference

NEAR = 90.0  # RapidFuzz token-sort ratio from which a name is shown as a possible twin
MOST_SHOWN = 5
LEFT_OUT = {ord("'"): None, 0x2019: None, ord("."): None}  # L.L.C. is LLC
LEGAL_FORMS = {
    "ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "limited", "llc",
    "llp", "lp", "ltd", "nv", "oy", "plc", "pty", "sa", "sarl", "srl",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """`decides` False: it may choose among several candidates, never link by itself."""

    name: str
    fits: Callable[[Draft, Reference], bool]
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """`one` is certain. `candidates` are what a person has to choose from; `by` names the rule."""

    one: Reference | None = None
    candidates: Sequence[Reference] = ()
    by: str = ""


def match(draft: Draft, references: Sequence[Reference], rules: Sequence[Rule]) -> Match:
    """Apply the rules in order. One hit of a deciding rule is the answer; several are narrowed by the later rules."""
    for n, rule in enumerate(rules):
        hits = [ref for ref in references if rule.fits(draft, ref)]
        if not hits:
            continue
        by = rule.name
        for narrower in rules[n + 1 :]:
            if len(hits) == 1:
                break
            fewer = [ref for ref in hits if narrower.fits(draft, ref)]
            if fewer:
                hits, by = fewer, f"{by} and {narrower.name}"
        if len(hits) == 1 and rule.decides:
            return Match(one=hits[0], by=by)
        further = [] if rule.decides else [ref for ref in near(draft, references) if ref not in hits]
        return Match(candidates=[*hits, *further][:MOST_SHOWN], by=by)
    return Match(candidates=near(draft, references), by="similar name")


def near(draft: Draft, references: Sequence[Reference]) -> list[Reference]:
    """Names so similar that a person should look before a new one is made. Numbers and initials tell names apart."""
    from rapidfuzz import fuzz, process

    wanted, found = _spelled(str(draft.body.get("name", ""))), dict[int, float]()
    others = [_spelled(ref.name) for ref in references]
    alike = {place: other for place, other in enumerate(others) if not wanted.told_apart(other)}
    for n in (0, 1):
        names = {place: other.both[n] for place, other in alike.items()}
        for _, score, place in process.extract(
            wanted.both[n], names, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR, limit=MOST_SHOWN
        ):
            found[place] = max(score, found.get(place, 0.0))
        solid = wanted.both[n].replace(" ", "")
        found |= {place: 100.0 for place, other in enumerate(others) if other.both[n].replace(" ", "") == solid}
    return [references[place] for place in sorted(found, key=lambda place: -found[place])][:MOST_SHOWN]


def likeness(draft: Draft, ref: Reference) -> Json:
    """Why the entry may be the same: how alike the names are, of 100, and what else there is to compare."""
    from rapidfuzz import fuzz

    names = zip(_spelled(str(draft.body.get("name", ""))).both, _spelled(ref.name).both, strict=True)
    score = max(fuzz.token_sort_ratio(ours, theirs) for ours, theirs in names)
    seen = {"name": (str(draft.body.get("name", "")), ref.name)}
    for name, fields in (("email", ("email",)), ("address", ("line1", "city", "postal_code"))):
        ours = ", ".join(filter(None, (str(draft.body.get(field) or "") for field in fields)))
        theirs = ", ".join(filter(None, (ref.contact.get(field, "") for field in fields)))
        if ours or theirs:
            seen[name] = (ours, theirs)
    compared = {
        name: {
            "ours": ours[:200],
            "theirs": theirs[:200],
            "same": ours != "" and plain_name(ours) == plain_name(theirs),
        }
        for name, (ours, theirs) in seen.items()
    }
    return {"id": ref.id, "label": ref.label, "score": f"{score:.1f}", "evidence": compared}


def plain_name(text: str) -> str:
    """Casefolded, NFKC, single blanks: how two spellings of one name are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def without_accents(text: str) -> str:
    """As `plain_name`, and letters without their accents: how names are compared that a person should look at."""
    return plain_name("".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)))


@dataclass(frozen=True, slots=True)
class _Spelled:
    """`both`: without accents; and without what companies leave out at times, such as the legal form at the end.

    `signs` are the numbers and single letters in it.
    """

    both: tuple[str, str]
    signs: frozenset[str]

    def told_apart(self, other: _Spelled) -> bool:
        return bool(self.signs and other.signs) and self.signs != other.signs


@lru_cache(maxsize=20_000)
def _spelled(name: str) -> _Spelled:
    plain = without_accents(name)
    words = re.sub(r"[^\w\s]", " ", plain.replace("&", " and ").translate(LEFT_OUT)).split()
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    signs = frozenset(word for word in words if len(word) == 1 or any(char.isdigit() for char in word))
    return _Spelled((plain, " ".join(words) or plain), signs)


def _same_name(draft: Draft, ref: Reference) -> bool:
    wanted = {plain_name(str(draft.body.get(part) or "")) for part in ("name", "original_name")} - {""}
    return not wanted.isdisjoint({plain_name(name) for name in (ref.name, *ref.aliases)})


def _same_id(draft: Draft, ref: Reference) -> bool:
    outside = str(draft.once.get("outside_id") or "")
    return bool(outside) and outside in {ref.code, f"id:{ref.id}"}


def _same_address(draft: Draft, ref: Reference) -> bool:
    def part(name: str) -> tuple[str, str]:
        return plain_name(str(draft.body.get(name) or "")), plain_name(ref.contact.get(name, ""))

    email, their_email = part("email")
    if email and email == their_email:
        return True
    return all(ours and ours == theirs for ours, theirs in (part("line1"), part("postal_code")))


same_id = Rule("same id", _same_id)
same_name = Rule("same name", _same_name)
same_address = Rule("same address", _same_address, decides=False)
