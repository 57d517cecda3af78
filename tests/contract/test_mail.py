"""Mail: what every `Mail` promises, and that SES is asked once and no more."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.aws import clients
from chalicelib.aws.mail import KEPT_AT, SesMail, composed
from chalicelib.engine.errors import Held, TryAgain, Unknown
from chalicelib.engine.ports import Attachment, Letter, Mail
from simulator.memory.mail import MemoryMail
from simulator.memory.vault import MemoryVault
from tests.contract.conftest import REGION
from tests.contract.peer import deaf_peer, raw_peer, unused_port

FILE = Attachment("FB-123.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
LETTER = Letter("ap@inbox.example.com", "Bill FB-123 of Müller & Søn", "Total: 300.00 USD\n", [FILE])


def ses_mail(domain: str = "mail.example.com") -> SesMail:
    vault = MemoryVault()
    if domain:
        vault.secrets[KEPT_AT] = {"domain": domain}
    return SesMail("dev", vault, region=REGION)


@pytest.fixture(autouse=True)
def fresh_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    clients._clients.clear()
    yield
    clients._clients.clear()


@pytest.fixture(params=["memory", "aws"])
def mail(request: pytest.FixtureRequest) -> Iterator[Mail]:
    if request.param == "memory":
        yield MemoryMail()
        return
    with mock_aws():
        ses = boto3.client("sesv2", region_name=REGION)
        ses.create_email_identity(EmailIdentity="mlc-dev@mail.example.com")
        yield ses_mail()


def test_a_letter_is_taken_under_an_id(mail: Mail) -> None:
    assert mail.send(LETTER) and mail.send(LETTER)


def test_the_file_arrives_as_it_was_and_the_words_too() -> None:
    message = message_from_bytes(composed(LETTER, "mlc-dev@mail.example.com"), policy=policy.default)
    assert (str(message["To"]), str(message["Subject"])) == (LETTER.to, LETTER.subject)
    body = message.get_body(("plain",))
    assert body is not None and body.get_content() == LETTER.text
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (FILE.name, FILE.type, FILE.content)


@pytest.mark.parametrize("subject", ["Bill\nBcc: me@evil.example", "Bill\r\nTo: me@evil.example"])
def test_a_line_break_never_becomes_another_header(subject: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        composed(Letter(LETTER.to, subject, ""), "mlc-dev@mail.example.com")


def test_without_a_domain_nothing_is_sent_and_the_operator_is_told() -> None:
    with pytest.raises(Held) as held:
        ses_mail("").send(LETTER)
    assert (held.value.reason, held.value.owner) == ("mail_not_sent", "operator")


def test_a_domain_that_is_not_verified_is_held() -> None:
    with mock_aws(), pytest.raises(Held) as held:
        ses_mail("another.example.com").send(LETTER)
    assert "MessageRejected" in held.value.message


def answering(status: str, body: bytes = b"{}") -> Any:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return lambda peer: peer.sendall(head + body)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answering("500 Internal Server Error"), Unknown),
        (answering("503 Service Unavailable"), Unknown),
        (lambda peer: None, Unknown),
        (answering("200 OK"), Unknown),
        (answering("429 Too Many Requests", b'{"__type": "TooManyRequestsException"}'), TryAgain),
        (answering("403 Forbidden", b'{"__type": "AccessDeniedException"}'), Held),
        (answering("413 Payload Too Large", b"<html>"), Held),
    ],
)
def test_every_answer_has_its_meaning_and_nothing_is_sent_again(
    answer: Any, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_peer(answer) as url:  # it serves one call: a second would fail otherwise
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", url)
        with pytest.raises(expected):
            ses_mail().send(LETTER)


def test_what_never_left_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(TryAgain):
        ses_mail().send(LETTER)


def test_a_host_that_never_answers_the_door_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CONNECT_TIMEOUT", 0.2)
    with deaf_peer() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", url)
        with pytest.raises(TryAgain):
            ses_mail().send(LETTER)


def test_the_twin_in_memory_loses_answers_and_throttles_like_the_others() -> None:
    mail = MemoryMail()
    mail.throttle()
    with pytest.raises(TryAgain):
        mail.send(LETTER)
    mail.lose_answers()
    with pytest.raises(Unknown):
        mail.send(LETTER)
    assert mail.sent == [LETTER]
