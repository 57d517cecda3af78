"""Secrets never leave the vault: what is logged, shown or kept in a trail passes here first."""

from __future__ import annotations

import re
from typing import TypeVar

SECRET_NAME = re.compile(r"token|secret|password|passwd|authorization|verifier|api_?key|^code$|credential|cookie", re.I)
BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.I)
HIDDEN = "[hidden]"
NO_SECRETS = frozenset({"SyncToken"})  # a version counter of an object, needed to explain a conflict


T = TypeVar("T")


def redact(value: T) -> T:
    """The same value with everything that looks like a secret replaced, whatever the nesting."""
    return _redact(value)  # type: ignore[return-value]  # the shape is kept


def _redact(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: HIDDEN if _is_secret(name) and isinstance(inner, str) and inner else _redact(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redact(inner) for inner in value]
    if isinstance(value, str):
        return BEARER.sub(rf"\1 {HIDDEN}", value)
    return value


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and name not in NO_SECRETS and bool(SECRET_NAME.search(name))
