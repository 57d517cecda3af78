"""A customer whose books are connected through the browser: the link, the vendor's page and the way back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.engine.ports import HttpRequest
from chalicelib.entry import oauth_pages
from simulator.company import APP
from tests.flows.customer import Customer

CONSENT_HOST = "https://appcenter.intuit.com"
Query = dict[str, list[str]]


class Consenting(Customer):
    """Its connection `books` is applied without a refresh token."""

    def __init__(self, **company: Any) -> None:
        super().__init__(**company)
        self.world.http.routes[CONSENT_HOST] = self.company.books
        self.apply_credentials("books", APP)
        self.world.until_quiet()

    # ------------------------------------------------------------------ the browser

    def link(self) -> Any:
        return self.call("POST", "/connections/books/connect")

    def sign_in(self, url: str, realm: str | None = None) -> Query:
        """What the vendor's page sends the browser back with."""
        self.company.books.backstage_switch("consent_realm", realm or self.company.realm)
        answer = self.world.http.send(HttpRequest("GET", url))
        assert answer.status == 302, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)

    def open(self, query: Query, *, method: str = "GET", system: str = "quickbooks_online") -> tuple[int, str]:
        status, headers, html = oauth_pages.dispatch(
            self.world.engine, method, oauth_pages.CALLBACK, {"system": system}, query=query, body=b""
        )
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
        return status, html

    def page(self, waiting: str, *, method: str = "GET", body: bytes = b"") -> tuple[int, str]:
        status, _, html = oauth_pages.dispatch(
            self.world.engine,
            method,
            oauth_pages.DONE,
            {"system": "quickbooks_online", "id": waiting},
            query={},
            body=body,
        )
        return status, html

    def consent(self, realm: str | None = None, **changed: str) -> str:
        """The whole way up to the page that waits; its id."""
        query = self.sign_in(self.link()["url"], realm) | {name: [value] for name, value in changed.items()}
        status, html = self.open(query)
        assert status == 200, html
        return waiting(html)

    def connect(self) -> str:
        """Consent, and the job done: the last page."""
        at = self.consent()
        self.work()
        return self.page(at)[1]

    def confirm(self) -> None:
        self.call("POST", "/connections/books/confirm", {"company": self.company.realm})
        self.work()

    # ------------------------------------------------------------------ looking

    def work(self) -> None:
        self.world.until_quiet()

    def books(self) -> Any:
        found = self.call("GET", "/connections")["items"]
        return next(one for one in found if one["name"] == "books")

    def health(self) -> str:
        return str(self.books()["health"]["state"])

    def grants(self) -> list[Any]:
        return [item for item in self.world.store.all_items() if item.sk == "GRANT" and "quickbooks" in item.pk]

    def token_calls(self) -> int:
        return sum("POST /oauth2/v1/tokens/bearer" in call for call in self.company.books.faults.calls)


def waiting(html: str) -> str:
    found = re.search(r'content="2; url=(?:done/)?([A-Za-z0-9_-]+)"', html)
    assert found, html
    return found[1]


def token(html: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', html)
    assert found, html
    return found[1]
