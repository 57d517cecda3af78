"""What is masked in logs and trails, and what must stay readable."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from chalicelib.engine.redact import MASK, is_secret_name, redact, redact_text


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "access_token",
            "refreshToken",
            "client_secret",
            "Password",
            "strPassword",
            "Authorization",
            "x-api-key",
            "webhook_verifier",
            "code_verifier",
            "Set-Cookie",
            "intuit-signature",
        ],
    )
    def test_these_sound_secret(self, name: str) -> None:
        assert is_secret_name(name)

    @pytest.mark.parametrize(
        "name",
        ["SyncToken", "EditSequence", "token_type", "token_expires_at", "postal_code", "code", "number", "secret_name"],
    )
    def test_these_do_not(self, name: str) -> None:
        assert not is_secret_name(name)


class TestValues:
    def test_it_masks_at_any_depth_and_leaves_the_rest(self) -> None:
        value = {"a": [{"token": "t", "amount": "1.00"}, ("x", {"password": {"deep": "p"}})], "n": 3, "none": None}
        assert redact(value) == {
            "a": [{"token": MASK, "amount": "1.00"}, ("x", {"password": MASK})],
            "n": 3,
            "none": None,
        }

    def test_the_original_is_not_touched(self) -> None:
        value = {"token": "t"}
        redact(value)
        assert value == {"token": "t"}

    def test_an_oauth_code_is_masked_and_a_vendors_code_is_not(self) -> None:
        assert redact({"code": "AB11699999999abcdefgh"}) == {"code": MASK}
        assert redact({"Error": [{"code": "6240"}]}) == {"Error": [{"code": "6240"}]}

    def test_whether_there_is_a_secret_may_be_told(self) -> None:
        assert redact({"has_token": True, "token": None}) == {"has_token": True, "token": None}

    def test_bytes_are_told_by_their_length(self) -> None:
        assert redact({"body": b"secret"}) == {"body": "[6 bytes]"}

    def test_endless_depth_ends(self) -> None:
        value: dict[str, object] = {}
        value["self"] = value
        assert MASK in str(redact(value))


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            "Authorization: Bearer SECRET-abcdefgh.ijkl_mnop",
            "sent Basic SECRETdXNlcjpwYXNzd29yZA==",
            "POST /token grant_type=refresh_token&refresh_token=SECRET123&x=1",
            "https://localhost/cb?code=SECRETSECRETSECRET1&state=7",
            '{"access_token": "SECRET\\"quoted", "token_type": "bearer"}',
            "{'client_secret': 'SECRET'}",
            "<strPassword>SECRET</strPassword>",
            '<qb:ticketToken xmlns:qb="x">SECRET</qb:ticketToken>',
            "eyJSECRETSECRET.SECRETeyJzdWIi.SECRET_signature",
        ],
    )
    def test_secrets_in_text_are_masked(self, text: str) -> None:
        assert "SECRET" not in redact_text(text)
        assert MASK in redact_text(text)

    @pytest.mark.parametrize(
        "text",
        [
            "Basic subscription, 12 months",
            "<SyncToken>3</SyncToken><EditSequence>1640000000</EditSequence>",
            '{"SyncToken": "3", "code": "5010"}',
            "error code=6240 for bill 17",
            "token_type=bearer_something",
        ],
    )
    def test_what_only_looks_like_it_stays(self, text: str) -> None:
        assert redact_text(text) == text

    @pytest.mark.parametrize(
        "hostile",
        [
            lambda n: "token" * n,
            lambda n: "<" + "token" * n,
            lambda n: "<token" * n,
            lambda n: "eyJ-" * n,
            lambda n: "Bearer " * n,
            lambda n: "Bearer" + " " * n,
            lambda n: '"token":"' * n,
            lambda n: '"token"' + " " * n,
            lambda n: "a." * n,
            lambda n: "<token " * n,
        ],
    )
    def test_hostile_text_does_not_keep_us_busy(self, hostile: Callable[[int], str]) -> None:
        text = hostile(40_000)
        begin = time.process_time()
        redact_text(text)
        assert time.process_time() - begin < 5  # quadratic time would take minutes
