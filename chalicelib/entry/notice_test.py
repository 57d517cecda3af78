"""A test notice, and what came of it on each way it goes."""

from __future__ import annotations

from chalicelib.engine import notices
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.records import Json
from chalicelib.entry import errands

TEXT = "This is a test: notices of what needs a person arrive here."


def ask(engine: Engine, tenant: str) -> str:
    """Have a test notice sent by a job; returns the errand's id."""
    return errands.send(engine, "notice_test", tenant, {})


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "notice_test", "tenant", "id"}; run twice, it sends once, unless the first died meanwhile."""
    tenant = str(job["tenant"])
    known = errands.look(engine, "notice_test", tenant, str(job["id"]))
    if known is None or known["state"] == "done":
        return
    subject = f"{tenant}: test notice"
    email, webhook = _to_topic(engine, subject), _to_webhook(engine, tenant, subject)
    errands.settle(
        engine, "notice_test", job, {"ok": email["ok"] and webhook["ok"], "topic": email, "webhook": webhook}
    )


def _to_topic(engine: Engine, subject: str) -> Json:
    try:
        engine.notices.publish(subject, TEXT)
    except ConnectorError as trouble:
        return _came(trouble.message, "Try again in a minute; if it stays so, ask the operator.")
    return _came("", "", well="Handed to the topic: its subscribers get it by e-mail.")


def _to_webhook(engine: Engine, tenant: str, subject: str) -> Json:
    if notices.settings(engine, tenant).sealed is None:
        return _came("", "", well="No webhook is set.")
    trouble, _ = notices.to_webhook(engine, tenant, subject, TEXT)
    return _came(trouble, notices.FIX, well="The webhook took it.")


def _came(trouble: str, fix: str, *, well: str = "") -> Json:
    return {"ok": not trouble, "message": trouble or well, "fix": fix if trouble else ""}
