"""Notices to people through the stage's SNS topic."""

from __future__ import annotations

from chalicelib.aws.clients import client, repeatable

MOST_SUBJECT = 100
MOST_TEXT_BYTES = 250_000


class SnsNotices:
    """Implements `Notices`. The topic's ARN is put together from the caller's own account, asked once per process."""

    def __init__(self, stage: str, *, region: str, endpoint_url: str | None = None) -> None:
        self._stage = stage
        self._region = region
        self._endpoint_url = endpoint_url
        self._arn = ""

    def publish(self, subject: str, text: str) -> None:
        line = " ".join(subject.split()).encode("ascii", "replace").decode()[:MOST_SUBJECT] or "ml-connector"
        body = text.encode()[:MOST_TEXT_BYTES].decode(errors="ignore") or line
        with repeatable("The notification service"):
            sns = client("sns", region=self._region, endpoint_url=self._endpoint_url)
            sns.publish(TopicArn=self._topic(), Subject=line, Message=body)

    def _topic(self) -> str:
        if not self._arn:
            sts = client("sts", region=self._region, endpoint_url=self._endpoint_url)
            _, partition, _, _, account, _ = sts.get_caller_identity()["Arn"].split(":", 5)
            self._arn = f"arn:{partition}:sns:{self._region}:{account}:mlc-{self._stage}"
        return self._arn
