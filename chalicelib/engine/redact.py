"""Masks secrets in what is about to be logged or kept: by the name they go by, and by how they look in text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

MASK = "[secret]"
DEEPEST = 40
SHORTEST_CODE = 16  # an OAuth code is longer, a vendor's error code or an account's code is shorter

_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|authorization|verifier|credential|apikey|accesskey|privatekey"
    r"|clientkey|cookie|signature"
)
_SECRET_NAMES = frozenset({"authcode", "oauthcode", "pwd", "pin", "bearer"})
# Names that only talk about a secret, and vendors' words that merely sound like one.
_HARMLESS_NAMES = frozenset({"synctoken", "pagetoken", "nextpagetoken", "nexttoken", "continuationtoken", "secretname"})
_HARMLESS_END = re.compile(r"(expires|expiresat|expiresin|expiry|tokentype)$")

# Every repetition is bounded or begins where the one before cannot: hostile text costs linear time.
_NAME = r"[\w.-]{0,64}(?:password|passwd|secret|token|authorization|verifier|api[_-]?key)[\w.-]{0,64}"
_LOOKS_SECRET = (
    (re.compile(r"\b(Bearer|Basic)\s{1,8}[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"), MASK),  # a JWT
    (re.compile(r"""(["']code["']\s{0,8}:\s{0,8}["'])[^"'\\]{16,}"""), rf"\1{MASK}"),
    (re.compile(r"(?<![\w.-])(code=)[^&\s\"'<>;,]{16,}"), rf"\1{MASK}"),
)
_NAMED_IN_TEXT = (
    re.compile(rf"(<(?P<name>(?:\w{{1,32}}:)?{_NAME})(?:\s[^<>]*)?>)[^<]*(?=</)", re.IGNORECASE),
    re.compile(rf"""(["'](?P<name>{_NAME})["']\s{{0,8}}:\s{{0,8}}["'])(?:[^"'\\]|\\.)*""", re.IGNORECASE),
    re.compile(rf"(?<![\w.-])((?P<name>{_NAME})=)[^&\s\"'<>;,]+", re.IGNORECASE),
)
# None of the patterns above finds anything in a text without one of these words; most texts have none.
_SUSPICIOUS = re.compile(r"bearer|basic|eyj|code|passw|secret|token|authorization|verifier|api", re.IGNORECASE)


def redact(value: object) -> object:
    """The same value with everything secret replaced; mappings and sequences are copied, other values stay."""
    return _redact(value, DEEPEST)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain in _HARMLESS_NAMES or _HARMLESS_END.search(plain):
        return False
    return plain in _SECRET_NAMES or bool(_SECRET.search(plain))


def redact_text(text: str) -> str:
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _LOOKS_SECRET:
        text = pattern.sub(replacement, text)
    for pattern in _NAMED_IN_TEXT:
        text = pattern.sub(_masked, text)
    return text


def _masked(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if is_secret_name(found["name"]) else found[0]


def _redact(value: object, depth: int) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return f"[{len(value)} bytes]"
    if value is None or isinstance(value, int) or not isinstance(value, (dict, list, tuple, Mapping)):
        return value
    if depth == 0:
        return MASK
    if isinstance(value, Mapping):
        return {name: _member(name, member, depth - 1) for name, member in value.items()}
    members = [_redact(member, depth - 1) for member in value]
    return tuple(members) if isinstance(value, tuple) else members


def _member(name: object, member: object, depth: int) -> object:
    if isinstance(name, str):
        code = name.lower() == "code" and isinstance(member, str) and len(member) >= SHORTEST_CODE
        if code or (is_secret_name(name) and not isinstance(member, bool | None)):
            return MASK
    return _redact(member, depth)
