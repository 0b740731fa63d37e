"""The whole system, walked with boto3 alone: from an upload to a production API."""

from __future__ import annotations

import json

from tests.small_project import NAME
from tests.system import System


def test_an_upload_goes_the_whole_way_to_production(system: System) -> None:
    first = system.outputs("prd")["EndpointName"]
    execution = system.upload({"auc": "0.8"})

    system.approve(execution, "Ada: good enough")
    dev = system.outputs("dev")["EndpointName"]
    assert system.engine.client("sagemaker").describe_endpoint(EndpointName=dev)["EndpointStatus"] == "InService"
    asked = {"EndpointName": dev, "ContentType": "text/csv", "Body": b"0.8,3\n0.2,3\n"}
    answer = system.engine.client("sagemaker-runtime").invoke_endpoint(**asked)
    assert answer["Body"].read() == b"0.9\n0.1\n"

    assert system.ended(execution) == "Succeeded", system.errors(execution)
    second = system.outputs("prd")["EndpointName"]
    assert first != second
    # Asked through the API, the new version answers, and says by which endpoint.
    answered = system.ask(system.api_url(), json.dumps({"instances": [[0.2, 3]]}), "application/json")
    assert answered.status == 400, "the small server reads CSV only"
    answered = system.ask(system.api_url(), "0.8,3\n0.2,3\n")
    assert (answered.status, answered.body, answered.endpoint) == (200, "0.9\n0.1\n", second)
    runs = system.runs(execution)
    assert {run["status"] for run in runs.values()} == {"Succeeded"}
    decided = runs["ApproveDeployment"]["output"]["executionResult"]["externalExecutionSummary"]
    assert decided == "Ada: good enough"
    assert NAME in system.outputs("prd")["ApiFunctionName"]
