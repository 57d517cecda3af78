"""Mail by SES: each letter handed over once, because a mail that went out twice is a bill that stands there twice."""

from __future__ import annotations

from email.message import EmailMessage

from chalicelib.aws.clients import THROTTLES, client, error_code, never_left, unanswered
from chalicelib.engine.errors import Held, TryAgain, Unknown
from chalicelib.engine.ports import Letter, Vault

KEPT_AT = "apps/mail"  # {"domain": the verified domain that we send from}


class SesMail:
    """Implements `Mail`. The sender is mlc-{stage} at the operator's verified domain.

    The endpoint is botocore's own affair: AWS_ENDPOINT_URL_SESV2 names another one on one machine.
    """

    def __init__(self, stage: str, vault: Vault, *, region: str) -> None:
        self._stage = stage
        self._vault = vault
        self._region = region

    def send(self, letter: Letter) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        sender = f"mlc-{self._stage}@{self._domain()}"
        ses = client("sesv2", region=self._region, attempts=1)  # botocore would repeat what was not answered
        try:
            answer = ses.send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [letter.to]},
                Content={"Raw": {"Data": composed(letter, sender)}},
            )
        except (BotoCoreError, ClientError) as failure:
            raise _meaning(failure, letter) from failure
        if not answer.get("MessageId"):
            raise Unknown(f'The mail "{letter.subject}" was handed over, and the answer came cut.')
        return str(answer["MessageId"])

    def _domain(self) -> str:
        domain = (self._vault.read(KEPT_AT) or {}).get("domain", "")
        if not domain:
            raise Held(
                "mail_not_sent",
                "Nothing was mailed: this service has no domain to send from yet.",
                cause="the domain of our mail",
                fix=f"The operator verifies a domain with SES, stores it under {KEPT_AT}, and replays the record.",
                owner="operator",
            )
        return domain


def composed(letter: Letter, sender: str) -> bytes:
    """The raw message. Raises ValueError for a line break in a header, which would be another header."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message.set_content(letter.text)
    for one in letter.attachments:
        main, _, sub = one.type.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message.as_bytes()


def _meaning(failure: BaseException, letter: Letter) -> TryAgain | Unknown | Held:
    if error_code(failure) in THROTTLES or never_left(failure):
        return TryAgain("The mail service cannot take it right now.", counts=False)
    if unanswered(failure):
        return Unknown(f'The mail "{letter.subject}" was handed over, and no answer came.')
    said = error_code(failure) or type(failure).__name__
    return Held(
        "mail_not_sent",
        f'The mail "{letter.subject}" was turned down by the mail service ({said}). Nothing was sent.',
        cause=f"the mail service says {said}",
        fix="The operator looks in SES whether our domain is verified and sending is allowed, and replays the record.",
        owner="operator",
    )
