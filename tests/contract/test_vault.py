"""Secrets: what every `Vault` promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.aws.secrets import SecretsVault
from chalicelib.engine.ports import Vault
from simulator.memory.clock import MemoryClock
from simulator.memory.vault import MemoryVault
from tests.contract.conftest import REGION


@pytest.fixture(params=["memory", "aws"])
def vault(request: pytest.FixtureRequest) -> Vault:
    if request.param == "memory":
        return MemoryVault()
    return SecretsVault(request.getfixturevalue("cloud"), region=REGION)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"connections/acme/{request.node.originalname}"


class TestSecrets:
    def test_a_secret_comes_back_and_a_missing_one_is_none(self, vault: Vault, name: str) -> None:
        assert vault.read(name) is None
        vault.write(name, {"client_id": "a", "client_secret": "ü"})
        assert vault.read(name) == {"client_id": "a", "client_secret": "ü"}

    def test_a_later_secret_replaces_the_earlier_one_as_a_whole(self, vault: Vault, name: str) -> None:
        vault.write(name, {"a": "1", "b": "2"})
        assert vault.read(name)
        vault.write(name, {"a": "3"})
        assert vault.read(name) == {"a": "3"}
        assert vault.read(name, fresh=True) == {"a": "3"}

    def test_what_was_read_can_be_changed_without_changing_the_secret(self, vault: Vault, name: str) -> None:
        vault.write(name, {"a": "1"})
        read = vault.read(name)
        assert read
        read["a"] = "spoilt"
        assert vault.read(name) == {"a": "1"}


class TestSealing:
    @pytest.mark.parametrize("size", [1, 4096, 4097, 20_000])
    def test_what_is_sealed_can_be_unsealed_in_its_context(self, vault: Vault, size: int) -> None:
        plain = bytes(n % 251 for n in range(size))
        sealed = vault.seal(plain, context={"grant": "G#1"})
        assert vault.unseal(sealed, context={"grant": "G#1"}) == plain

    def test_there_is_a_limit_to_what_is_sealed(self, vault: Vault) -> None:
        for plain in (b"", b"x" * 65_537):
            with pytest.raises(ValueError, match="1 to 65536"):
                vault.seal(plain, context={})

    def test_what_is_sealed_cannot_be_read(self, vault: Vault) -> None:
        assert b"refresh" not in vault.seal(b"refresh-token", context={"grant": "G#1"})

    @pytest.mark.parametrize("context", [{}, {"grant": "G#2"}, {"grant": "G#1", "more": "x"}])
    @pytest.mark.parametrize("size", [10, 5000])
    def test_another_context_does_not_unseal(self, vault: Vault, context: dict[str, str], size: int) -> None:
        sealed = vault.seal(b"x" * size, context={"grant": "G#1"})
        with pytest.raises(ValueError, match="another purpose"):
            vault.unseal(sealed, context=context)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda sealed: b"",
            lambda sealed: b"never sealed",
            lambda sealed: sealed[:-1],
            lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
            lambda sealed: sealed + b"more",
        ],
        ids=["empty", "rubbish", "cut", "changed", "longer"],
    )
    def test_what_was_tampered_with_does_not_unseal(self, vault: Vault, spoil: Callable[[bytes], bytes]) -> None:
        sealed = vault.seal(b"a secret of some length", context={"grant": "G#1"})
        with pytest.raises(ValueError, match="another purpose"):
            vault.unseal(spoil(sealed), context={"grant": "G#1"})


class TestRemembering:
    """A function that has read a secret does not see another's write for 300 s, unless it asks for it."""

    def test_on_aws(self, cloud: str) -> None:
        name = "connections/acme/remembered"
        ours, theirs = (SecretsVault(cloud, region=REGION) for _ in range(2))
        theirs.write(name, {"a": "1"})
        assert ours.read(name) == {"a": "1"}
        theirs.write(name, {"a": "2"})
        assert ours.read(name) == {"a": "1"}
        assert ours.read(name, fresh=True) == {"a": "2"}
        assert ours.read(name) == {"a": "2"}

    def test_in_memory(self) -> None:
        clock = MemoryClock()
        vault = MemoryVault(clock=clock)
        vault.write("n", {"a": "1"})
        assert vault.read("n") == {"a": "1"}
        vault.write("n", {"a": "2"})
        assert vault.read("n") == {"a": "1"}
        assert vault.read("n", fresh=True) == {"a": "2"}
        vault.write("n", {"a": "3"})
        clock.advance(301)
        assert vault.read("n") == {"a": "3"}


class TestAwsAlone:
    def test_parts_of_two_sealed_texts_cannot_be_mixed(self, cloud: str) -> None:
        vault = SecretsVault(cloud, region=REGION)
        one, other = (vault.seal(bytes([n]) * 5000, context={"grant": "G#1"}) for n in (1, 2))
        first = 12 + int.from_bytes(one[10:12], "big")  # head of 10 bytes, then the length of the first part
        with pytest.raises(ValueError, match="another purpose"):
            vault.unseal(one[:first] + other[first:], context={"grant": "G#1"})
