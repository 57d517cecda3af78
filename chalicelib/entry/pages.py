"""Pages in the browser: rendered here, usable without JavaScript, and telling nobody else where they were opened."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

CONSOLE = Path(__file__).parent.parent / "console"

Page = tuple[int, dict[str, str], str]


def page(status: int, template: str, **values: object) -> Page:
    return status, _headers(), _environment().get_template(template).render(**values)


def redirect(where: str) -> Page:
    return 303, {**_headers(), "Location": where}, ""


@cache
def _style() -> str:
    return (CONSOLE / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(CONSOLE), autoescape=True, undefined=StrictUndefined)
    environment.globals["style"] = _style()
    return environment


def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'"
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
    }
