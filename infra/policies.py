"""One IAM policy per function and stage, and no right that the function does not use.

Accounts and regions are left open because they are not known when this is rendered; names hold the stage. The table's
own encryption needs no right here: the key's policy lets this account use it through DynamoDB and Secrets Manager.
"""

from __future__ import annotations

from typing import Any

from chalicelib.engine.ports import DEAD
from infra.functions import Function, deployed_name, queues

Statement = dict[str, Any]

VERIFIER_CONTEXT = "verifier"  # the context key under which a webhook's verifier is sealed


def policy(function: Function, stage: str) -> dict[str, Any]:
    statements = [_logs(function, stage), *_table(function, stage), _send(function, stage)]
    if function.listens:
        statements.append(_listen(function.listens, stage))
    if function.redrives:
        statements.append(_redrive(stage))
    if function.reads_secrets:
        statements.append(_allow("ReadSecrets", ["secretsmanager:GetSecretValue"], [_secret(f"mlc/{stage}/*")]))
    if function.writes_connection_secrets:
        actions = ["secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"]
        statements.append(_allow("WriteConnectionSecrets", actions, [_secret(f"mlc/{stage}/connections/*")]))
    if function.seals:
        statements.append(_key("Seal", "kms:Encrypt", stage))
    if function.unseals:
        statements.append(_key("Unseal", "kms:Decrypt", stage))
    if function.unseals_verifiers:
        verifiers = _key("UnsealVerifiers", "kms:Decrypt", stage)
        verifiers["Condition"]["Null"] = {f"kms:EncryptionContext:{VERIFIER_CONTEXT}": "false"}
        statements.append(verifiers)
    if function.publishes:
        statements.append(_allow("Notify", ["sns:Publish"], [f"arn:aws:sns:*:*:mlc-{stage}"]))
    if function.mails:
        statements.append(_mail(stage))
    return {"Version": "2012-10-17", "Statement": statements}


def _logs(function: Function, stage: str) -> Statement:
    group = f"arn:aws:logs:*:*:log-group:/aws/lambda/{deployed_name(function.name, stage)}"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    return _allow("Log", actions, [group, f"{group}:*"])


def _table(function: Function, stage: str) -> list[Statement]:
    table = f"arn:aws:dynamodb:*:*:table/mlc-{stage}"
    items = ["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem"]
    if function.lists_items:
        items.append("Query")
    return [
        _allow("Table", [f"dynamodb:{action}" for action in items], [table]),
        _allow("Indexes", ["dynamodb:Query"], [f"{table}/index/{index}" for index in function.indexes]),
    ]


def _send(function: Function, stage: str) -> Statement:
    return _allow("Send", ["sqs:GetQueueUrl", "sqs:SendMessage"], [_queue(name, stage) for name in function.sends])


def _listen(queue: str, stage: str) -> Statement:
    actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    return _allow("Listen", actions, [_queue(queue, stage)])


def _redrive(stage: str) -> Statement:
    actions = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    return _allow("Redrive", actions, [_queue(name + DEAD, stage) for name in queues()])


def _mail(stage: str) -> Statement:
    """A raw message takes both rights. The domain is the operator's, so the address before the @ names the stage."""
    statement = _allow("Mail", ["ses:SendEmail", "ses:SendRawEmail"], ["arn:aws:ses:*:*:identity/*"])
    statement["Condition"] = {"StringLike": {"ses:FromAddress": f"mlc-{stage}@*"}}
    return statement


def _key(sid: str, action: str, stage: str) -> Statement:
    """The key is known by its alias only; an alias cannot stand in a resource, so a condition names it."""
    statement = _allow(sid, [action], ["arn:aws:kms:*:*:key/*"])
    statement["Condition"] = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/mlc-{stage}"}}
    return statement


def _queue(name: str, stage: str) -> str:
    return f"arn:aws:sqs:*:*:mlc-{stage}-{name}"


def _secret(name: str) -> str:
    return f"arn:aws:secretsmanager:*:*:secret:{name}"


def _allow(sid: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
