"""A moto server that takes what we send: Chalice's API documents, which are Swagger 2.0, and alarms in a template."""

from __future__ import annotations

import sys
from typing import Any

from moto.apigateway.models import APIGatewayBackend
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.server import ThreadedMotoServer


def read_swagger() -> None:
    put = APIGatewayBackend.put_rest_api

    def put_rest_api(self: Any, function_id: str, api_doc: dict[str, Any], *_: object, **__: object) -> Any:
        document = {**api_doc, "openapi": "3.0.0"}
        document.pop("swagger")
        return put(self, function_id, document, fail_on_warnings=False, mode="overwrite")

    def import_rest_api(self: Any, api_doc: dict[str, Any], *_: object, **__: object) -> Any:
        api = self.create_rest_api(
            name=api_doc["info"]["title"], description="", endpoint_configuration={"types": ["REGIONAL"]}
        )
        return self.put_rest_api(api.id, api_doc)

    APIGatewayBackend.put_rest_api = put_rest_api  # type: ignore[method-assign]  # moto has no other door
    APIGatewayBackend.import_rest_api = import_rest_api  # type: ignore[method-assign]  # moto has no other door


class TemplateAlarm(CloudFormationModel):
    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> TemplateAlarm:
        given = cloudformation_json["Properties"]
        cloudwatch_backends[account_id][region_name].put_metric_alarm(
            name=given["AlarmName"],
            namespace=given["Namespace"],
            metric_name=given["MetricName"],
            comparison_operator=given["ComparisonOperator"],
            evaluation_periods=given["EvaluationPeriods"],
            period=given["Period"],
            threshold=given["Threshold"],
            statistic=given["Statistic"],
            description=given["AlarmDescription"],
            dimensions=[],
            alarm_actions=given["AlarmActions"],
            ok_actions=given["OKActions"],
        )
        return cls(given["AlarmName"])

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        cloudwatch_backends[account_id][region_name].delete_alarms([resource_name])


def main() -> None:
    read_swagger()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
