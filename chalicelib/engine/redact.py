"""Masks secrets in what is about to be logged or kept: by the name they go by, and by how they look in text."""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "[secret]"
DEEPEST = 40

_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|authorization|verifier|credential|apikey|accesskey|privatekey"
    r"|clientkey|cookie|signature"
)
_SECRET_NAMES = frozenset({"code", "authcode", "oauthcode", "pwd", "pin", "bearer"})
# Names that only talk about a secret, and vendors' words that merely sound like one.
_HARMLESS_NAMES = frozenset(
    {"synctoken", "pagetoken", "nextpagetoken", "nexttoken", "continuationtoken", "secretname", "notokens"}
)
_HARMLESS_END = re.compile(r"(expires|expiresat|expiresin|expiry|tokentype)$")

_NAME = r"[\w.-]*(?:password|passwd|secret|token|authorization|verifier|api[_-]?key)[\w.-]*"
_IN_TEXT = (
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*"), MASK),
    (re.compile(rf"(<(?P<tag>(?:\w+:)?{_NAME})(?:\s[^<>]*)?>)[^<]*(?=</)", re.IGNORECASE), "tag"),
    (re.compile(rf"""(["'](?P<quoted>{_NAME}|code)["']\s*:\s*["'])(?:[^"'\\]|\\.)*""", re.IGNORECASE), "quoted"),
    (re.compile(rf"(?<![\w.-])((?P<pair>{_NAME}|code)=)[^&\s\"'<>;,]+", re.IGNORECASE), "pair"),
)


def redact(value: object) -> object:
    """The same value with everything secret replaced; mappings and sequences are copied, other values stay."""
    return _redact(value, DEEPEST)


def is_secret_name(name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain in _HARMLESS_NAMES or _HARMLESS_END.search(plain):
        return False
    return plain in _SECRET_NAMES or bool(_SECRET.search(plain))


def redact_text(text: str) -> str:
    for pattern, replacement in _IN_TEXT:
        if replacement in pattern.groupindex:
            text = pattern.sub(lambda found, group=replacement: _masked(found, group), text)  # type: ignore[misc]
        else:
            text = pattern.sub(replacement, text)
    return text


def _masked(found: re.Match[str], group: str) -> str:
    return f"{found[1]}{MASK}" if is_secret_name(found[group]) else found[0]


def _redact(value: object, depth: int) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        if depth == 0:
            return MASK
        return {name: _member(name, member, depth) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        if depth == 0:
            return MASK
        members = [_redact(member, depth - 1) for member in value]
        return tuple(members) if isinstance(value, tuple) else members
    return value


def _member(name: object, member: object, depth: int) -> object:
    if isinstance(name, str) and is_secret_name(name) and not isinstance(member, bool | None):
        return MASK
    return _redact(member, depth - 1)
