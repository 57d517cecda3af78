"""The CloudFormation template, one for all stages: table, queues with dead letters, key, topic, doors, watching."""

from __future__ import annotations

from typing import Any

from infra.functions import API_STAGE, STAGE_NAME, functions, queues
from infra.watch import RECEIPTS_BEFORE_DEAD, watching

Resource = dict[str, Any]

KEPT_SECONDS = 14 * 24 * 3600
KEPT = "RetainExceptOnCreate"  # a rolled back first attempt leaves no names that the second would find taken
VISIBILITY_FACTOR = 6  # what AWS advises for a queue that Lambda reads
OPTIONAL = {
    "Mail": "domain or address that mail is sent from",
    "Domain": "name under which the API is reached, so that webhooks and .qwc files outlive a rebuilt API",
    "Certificate": "ARN of the domain's certificate, in this region",
    "Api": "id of the API that chalice deployed; known after the first deploy",
}
CONDITIONS = {
    "HasMail": ("Mail",),
    "HasDomain": ("Domain", "Certificate"),
    "HasMapping": ("Domain", "Certificate", "Api"),
}


def stack() -> dict[str, Any]:
    resources: dict[str, Resource] = {
        "Key": _key(),
        "KeyAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": _sub("alias/mlc-${Stage}"), "TargetKeyId": {"Ref": "Key"}},
        },
        "Table": _table(),
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": _sub("mlc-${Stage}"), "KmsMasterKeyId": {"Ref": "Key"}},
        },
    }
    timeouts = {function.listens: function.timeout for function in functions() if function.listens}
    for queue in queues():
        resources |= _queue(queue, visibility=VISIBILITY_FACTOR * timeouts[queue])
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "ml-connector: everything that lasts. The functions are deployed by chalice.",
        "Parameters": {
            "Stage": {"Type": "String", "AllowedPattern": f"^{STAGE_NAME.pattern}$"},
            **{name: {"Type": "String", "Default": "", "Description": about} for name, about in OPTIONAL.items()},
        },
        "Conditions": {name: _all_given(parts) for name, parts in CONDITIONS.items()},
        "Resources": resources | watching() | _doors(),
    }


def _table() -> Resource:
    keys = ("pk", "sk", "due_pk", "due_sk", "held_pk", "held_sk")
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": KEPT,
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "TableName": _sub("mlc-${Stage}"),
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
            "KeySchema": _key_schema("pk", "sk"),
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": name,
                    "KeySchema": _key_schema(f"{name}_pk", f"{name}_sk"),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
                for name in ("due", "held")
            ],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "Key"}},
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        },
    }


def _key() -> Resource:
    """The account's own policies say who may seal and unseal; the services below use the key for whoever uses them."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:CreateGrant"]
    return {
        "Type": "AWS::KMS::Key",
        "DeletionPolicy": KEPT,
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Description": _sub("ml-connector ${Stage}: the table, the secrets, and what the table holds sealed"),
            "EnableKeyRotation": True,
            "KeyPolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "AccountDecides",
                        "Effect": "Allow",
                        "Principal": {"AWS": _sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
                        "Action": "kms:*",
                        "Resource": "*",
                    },
                    {
                        "Sid": "ThroughServicesOfThisAccount",
                        "Effect": "Allow",
                        "Principal": {"AWS": "*"},
                        "Action": use,
                        "Resource": "*",
                        "Condition": {
                            "StringEquals": {
                                "kms:CallerAccount": {"Ref": "AWS::AccountId"},
                                "kms:ViaService": [
                                    _sub(service + ".${AWS::Region}.amazonaws.com")
                                    for service in ("dynamodb", "secretsmanager", "sns")
                                ],
                            }
                        },
                    },
                    {
                        "Sid": "AlarmsToTheTopic",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                        "Resource": "*",
                        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                    },
                ],
            },
        },
    }


def _doors() -> dict[str, Resource]:
    """What is only there when its parameter is: mail, and a domain of one's own with the API behind it."""
    return {
        "MailIdentity": {
            "Type": "AWS::SES::EmailIdentity",
            "Condition": "HasMail",
            "Properties": {"EmailIdentity": {"Ref": "Mail"}},
        },
        "DomainName": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "Domain"},
                "RegionalCertificateArn": {"Ref": "Certificate"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "DomainMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasMapping",
            "Properties": {"DomainName": {"Ref": "DomainName"}, "RestApiId": {"Ref": "Api"}, "Stage": API_STAGE},
        },
    }


def _all_given(parameters: tuple[str, ...]) -> dict[str, Any]:
    given = [{"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]} for parameter in parameters]
    return {"Fn::And": given} if len(given) > 1 else given[0]


def _queue(name: str, *, visibility: int) -> dict[str, Resource]:
    word = "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
    full = "mlc-${Stage}-" + name
    return {
        f"{word}Dead": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": KEPT,
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "QueueName": _sub(f"{full}-dead"),
                "MessageRetentionPeriod": KEPT_SECONDS,
                "SqsManagedSseEnabled": True,
            },
        },
        f"{word}Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": _sub(full),
                "VisibilityTimeout": visibility,
                "MessageRetentionPeriod": KEPT_SECONDS,
                "SqsManagedSseEnabled": True,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": [f"{word}Dead", "Arn"]},
                    "maxReceiveCount": RECEIPTS_BEFORE_DEAD,
                },
            },
        },
    }


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}
