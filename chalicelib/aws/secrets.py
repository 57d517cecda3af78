"""Secrets in Secrets Manager, remembered for minutes; sealing by KMS under the stage's own key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.clients import client, error_code, repeatable

REMEMBERED_SECONDS = 300
PART_BYTES = 4096  # KMS encrypts no more at once
MOST_PARTS = 16
MOST_SEALED_BYTES = MOST_PARTS * PART_BYTES
PART = "mlc-part"
_FORMAT = 1
_ID_BYTES = 8
_NOT_OURS = frozenset(
    {"InvalidCiphertextException", "IncorrectKeyException", "ValidationException", "KMSInvalidStateException"}
)


class SecretsVault:
    """Implements `Vault`. One per process."""

    def __init__(self, stage: str, *, region: str, endpoint_url: str | None = None) -> None:
        self._stage = stage
        self._key = f"alias/mlc-{stage}"
        self._region = region
        self._endpoint_url = endpoint_url
        self._provider: Any = None

    # ------------------------------------------------------------------ secrets

    def read(self, name: str, *, fresh: bool = False) -> dict[str, str] | None:
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

        with repeatable("The vault"):
            try:
                secret = self._secrets.get(
                    self._path(name), max_age=REMEMBERED_SECONDS, transform="json", force_fetch=fresh
                )
            except GetParameterError as failure:
                cause = failure.__context__ or failure
                if error_code(cause) == "ResourceNotFoundException":
                    return None
                raise cause from None
        return dict(secret)

    def write(self, name: str, secret: Mapping[str, str]) -> None:
        manager = self._client("secretsmanager")
        path, text = self._path(name), json.dumps(dict(secret))
        with repeatable("The vault"):
            try:
                manager.put_secret_value(SecretId=path, SecretString=text)
            except manager.exceptions.ResourceNotFoundException:
                try:
                    manager.create_secret(Name=path, SecretString=text, KmsKeyId=self._key)
                except manager.exceptions.ResourceExistsException:  # a rival made it meanwhile
                    manager.put_secret_value(SecretId=path, SecretString=text)
        self._secrets.clear_cache()

    # ------------------------------------------------------------------ sealing

    def seal(self, plain: bytes, *, context: Mapping[str, str]) -> bytes:
        """KMS takes 4 KB at once; longer texts are sealed in parts that cannot be swapped, dropped or mixed."""
        check_sealable(plain)
        parts = [plain[start : start + PART_BYTES] for start in range(0, len(plain), PART_BYTES)]
        kms = self._client("kms")
        mark = secrets.token_bytes(_ID_BYTES)
        sealed = bytes([_FORMAT, len(parts)]) + mark
        with repeatable("The vault"):
            for n, part in enumerate(parts):
                told = _told(context, n, len(parts), mark)
                blob = kms.encrypt(KeyId=self._key, Plaintext=part, EncryptionContext=told)["CiphertextBlob"]
                sealed += len(blob).to_bytes(2, "big") + blob
        return sealed

    def unseal(self, sealed: bytes, *, context: Mapping[str, str]) -> bytes:
        from botocore.exceptions import ClientError

        kms = self._client("kms")
        mark, parts = _parts(sealed)
        plain = b""
        with repeatable("The vault"):
            for n, part in enumerate(parts):
                told = _told(context, n, len(parts), mark)
                try:
                    plain += kms.decrypt(KeyId=self._key, CiphertextBlob=part, EncryptionContext=told)["Plaintext"]
                except ClientError as failure:
                    if error_code(failure) in _NOT_OURS:
                        raise ValueError("This was sealed for another purpose, or is not sealed at all.") from failure
                    raise
        return plain

    # ------------------------------------------------------------------ inside

    @property
    def _secrets(self) -> Any:
        if self._provider is None:
            from aws_lambda_powertools.utilities.parameters import SecretsProvider

            self._provider = SecretsProvider(boto3_client=self._client("secretsmanager"))
        return self._provider

    def _client(self, service: str) -> Any:
        return client(service, region=self._region, endpoint_url=self._endpoint_url)

    def _path(self, name: str) -> str:
        return f"mlc/{self._stage}/{name}"


def check_sealable(plain: bytes) -> None:
    if not 1 <= len(plain) <= MOST_SEALED_BYTES:
        raise ValueError(f"What is sealed has 1 to {MOST_SEALED_BYTES} bytes, not {len(plain)}.")


def _told(context: Mapping[str, str], n: int, count: int, mark: bytes) -> dict[str, str]:
    return dict(context) if count == 1 else {**context, PART: f"{n + 1}/{count} {mark.hex()}"}


def _parts(sealed: bytes) -> tuple[bytes, list[bytes]]:
    head = 2 + _ID_BYTES
    parts: list[bytes] = []
    place = head
    while place + 2 <= len(sealed):
        length = int.from_bytes(sealed[place : place + 2], "big")
        parts.append(sealed[place + 2 : place + 2 + length])
        place += 2 + length
    if len(sealed) < head or sealed[0] != _FORMAT or sealed[1] != len(parts) or place != len(sealed) or not parts:
        raise ValueError("This was sealed for another purpose, or is not sealed at all.")
    return sealed[2:head], parts
