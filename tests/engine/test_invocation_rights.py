"""Who may invoke an endpoint: workloads as their roles' policies say, and whoever has a role's session."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functions import archive, invoke
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import ADMINISTRATOR, limited_role, session
from tests.serving import Serving

ASK = """
import boto3
from botocore.config import Config
runtime = boto3.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))
def ask(name):
    try:
        answer = runtime.invoke_endpoint(EndpointName=name, Body=b"7", ContentType="text/csv")
        return answer["Body"].read().decode()
    except runtime.exceptions.ClientError as error:
        return f"{error.response['Error']['Code']} {error.response['Error']['Message']}"
"""
FUNCTION = f"{ASK}\ndef handler(event, context):\n    return ask(event)\n"
JOB = f"#!/usr/bin/env python3\nimport sys\n{ASK}\nprint('asked:', ask(sys.argv[1]))\n"
ARN = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/{}"


@pytest.fixture(scope="module")
def serving(engine: LiveEngine) -> Serving:
    return Serving(engine)


@pytest.fixture(scope="module")
def endpoint(serving: Serving) -> Iterator[str]:
    name = serving.endpoint(serving.simple_config())
    yield name
    serving.delete(name)


def _may(endpoint: str, **members: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": ARN.format(endpoint)}
    return {**statement, **members}


@pytest.fixture(scope="module")
def caller(engine: LiveEngine) -> tuple[str, str]:
    """A function that asks an endpoint with the rights of its own role: its name and the role's."""
    name = f"caller-{uuid.uuid4().hex[:8]}"
    arn = limited_role(engine, name, _may("none"))
    client = engine.client("lambda")
    code = {"ZipFile": archive({"app.py": FUNCTION})}
    client.create_function(FunctionName=name, Role=arn, Runtime="python3.13", Handler="app.handler", Code=code)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name, name


def test_a_function_invokes_what_its_role_may_and_a_change_counts_while_it_runs(
    engine: LiveEngine, endpoint: str, caller: tuple[str, str]
) -> None:
    function, role = caller

    def told() -> str:
        return str(invoke(engine, function, endpoint)[0])

    denied = told()
    assert denied.startswith("AccessDeniedException User: arn:aws:sts::000000000000:assumed-role/")
    assert f"{role}/{function} is not authorized to perform: sagemaker:InvokeEndpoint" in denied
    limited_role(engine, role, json.loads(denied.partition("would allow it: ")[2]))
    # The door follows at once, and a connection that is kept alive is asked about: there is nothing to wait for.
    assert told() == "hello,1,7"
    eventually(lambda: _door_of(engine, role))
    assert told() == "hello,1,7"
    limited_role(engine, role, _may("other-*"))
    eventually(lambda: told().startswith("AccessDeniedException"), timeout=10)
    deny = _may(endpoint, Effect="Deny", Sid="NotThis")
    limited_role(engine, role, _may("*"), deny)
    # Each of the door's threads takes up a change for itself.
    eventually(lambda: "explicit deny in an identity-based policy: statement NotThis of" in told(), timeout=10)
    limited_role(engine, role, _may("*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}))
    eventually(lambda: told() == "hello,1,7", timeout=10)
    limited_role(engine, role, _may("*", Condition={"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}))
    eventually(lambda: "because no identity-based policy allows" in told(), timeout=10)


def _door_of(engine: LiveEngine, role: str) -> bool:
    listeners = json.loads((engine.folder / "door" / "xds" / "listeners.json").read_text())["resources"]
    return any(f"role/{role}" in json.dumps(listener) for listener in listeners)


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_job_invokes_what_its_role_may(engine: LiveEngine, serving: Serving, endpoint: str, is_allowed: bool) -> None:
    name = f"asking-{uuid.uuid4().hex[:8]}"
    image = push_image(engine, name, {"/opt/program/ask": JOB})
    pull = {"Effect": "Allow", "Action": ["ecr:*", "logs:*"], "Resource": "*"}
    role = limited_role(engine, name, pull, _may(endpoint if is_allowed else "other"))
    engine.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn=role,
        AppSpecification={"ImageUri": image, "ContainerEntrypoint": ["ask", endpoint]},
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    )

    def lines() -> list[str]:
        try:
            found = engine.client("logs").filter_log_events(
                logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=name
            )
        except ClientError:
            return []
        return [event["message"] for event in found["events"] if event["message"].startswith("asked:")]

    [told] = eventually(lines)
    denied = f"AccessDeniedException User: arn:aws:sts::000000000000:assumed-role/{name}/{name}"
    wanted = f"asked: {'hello,1,7' if is_allowed else denied}"
    assert told.startswith(wanted)


def test_a_session_of_a_role_is_held_to_its_policies_on_trusted_loopback(engine: LiveEngine, endpoint: str) -> None:
    name = f"session-{uuid.uuid4().hex[:8]}"
    asked = {"EndpointName": endpoint, "Body": b"7", "ContentType": "text/csv"}
    runtime = session(engine, limited_role(engine, name, _may("other")), "sagemaker-runtime")
    with pytest.raises(ClientError, match="would allow it") as error:
        runtime.invoke_endpoint(**asked)
    told = error.value.response
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDeniedException", 403)
    # Who may not is not told whether there is such an endpoint.
    with pytest.raises(ClientError, match="not authorized"):
        runtime.invoke_endpoint(**{**asked, "EndpointName": "none"})
    limited_role(engine, name, _may("*"))
    assert runtime.invoke_endpoint(**asked)["Body"].read() == b"hello,1,7"
    with pytest.raises(ClientError, match="Endpoint none of account 000000000000 not found"):
        runtime.invoke_endpoint(**{**asked, "EndpointName": "none"})


def test_without_trust_in_loopback_every_invocation_must_be_signed(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(options=["--signed-invocations"])
    live.start()
    serving = Serving(live)
    endpoint = serving.endpoint(serving.simple_config())
    assert serving.invoke(endpoint) == "hello,1,1,2"
    stranger = live.client("sagemaker-runtime", key="AKIAIOSFODNN7EXAMPLE", secret="x")
    with pytest.raises(ClientError, match="is not one of this engine"):
        stranger.invoke_endpoint(EndpointName=endpoint, Body=b"1")
    request = urllib.request.Request(f"{live.url}/endpoints/{endpoint}/invocations", b"1")
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request):
        pass
    with refused.value:
        assert refused.value.code == 403
        assert json.loads(refused.value.read())["__type"] == "MissingAuthenticationToken"
    live.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    live.client("iam").attach_role_policy(RoleName="r", PolicyArn=ADMINISTRATOR)
    runtime = session(live, "arn:aws:iam::000000000000:role/r", "sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1")["Body"].read() == b"hello,1,1"


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    ],
}
