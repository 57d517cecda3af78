"""Is it the same company? Rules that decide, rules that only narrow down, and suggestions that never write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chalicelib.engine.records import Draft, Reference

NEAR = 90.0  # RapidFuzz token-sort ratio from which a name is shown as a possible twin
MOST_SHOWN = 5
LEGAL_FORMS = re.compile(
    r"(?<=.) (inc|incorporated|llc|llp|lp|ltd|limited|co|company|corp|corporation|plc|pty|gmbh|ag|bv|nv|sa|sarl|srl)$"
)


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
        return Match(candidates=hits[:MOST_SHOWN], by=by)
    return Match(candidates=near(draft, references), by="similar name")


def near(draft: Draft, references: Sequence[Reference]) -> list[Reference]:
    """Names so similar that a person should look before a new one is made."""
    from rapidfuzz import fuzz, process

    wanted = without_accents(str(draft.body.get("name", "")))
    names = {n: without_accents(ref.name) for n, ref in enumerate(references)}
    found = process.extract(wanted, names, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR, limit=MOST_SHOWN)
    same = [n for n, name in names.items() if bare_name(name) == bare_name(wanted)]
    return [references[n] for n in dict.fromkeys([*same, *(n for _, _, n in found)])][:MOST_SHOWN]


def plain_name(text: str) -> str:
    """Casefolded, NFKC, single blanks: how two spellings of one name are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def without_accents(text: str) -> str:
    """As `plain_name`, and letters without their accents: how names are compared that a person should look at."""
    return plain_name("".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)))


@lru_cache(maxsize=20_000)
def bare_name(text: str) -> str:
    """A company's name without accents, punctuation, blanks and legal forms: alike is a hint, never a link."""
    spelt = without_accents(text).replace("&", " and ").replace(".", "").replace("'", "")
    words = " ".join(re.sub(r"[^\w]+", " ", spelt).split())
    while (shorter := LEGAL_FORMS.sub("", words)) != words:
        words = shorter
    return words.replace(" ", "")


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
