"""Stacks for tests: make, change and end them, and wait for each to settle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.client.template import MOST_BYTES
from tests.aws.project import read_template
from tests.live import LiveEngine, eventually

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class StackUser:
    """A person with one stack. `create`, `update` and `delete` return how the stack is when it has settled."""

    def __init__(self, engine: LiveEngine, name: str):
        self.engine = engine
        self.client = engine.client("cloudformation")
        self.name = name
        self.id = name

    def create(self, template: str, parameters: Mapping[str, str] | None = None, **settings: Any) -> dict[str, Any]:
        self.id = self.client.create_stack(**self._request(template, parameters), **settings)["StackId"]
        return self.settled()

    def create_from(self, url: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """From a template in a bucket, which may be larger than a request."""
        request = {**self._request("", parameters), "TemplateURL": url}
        del request["TemplateBody"]
        self.id = self.client.create_stack(**request)["StackId"]
        return self.settled()

    def update(self, template: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        self.client.update_stack(**self._request(template, parameters))
        return self.settled()

    def update_from(self, url: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """From a template in a bucket."""
        request = {**self._request("", parameters), "TemplateURL": url}
        del request["TemplateBody"]
        self.client.update_stack(**request)
        return self.settled()

    def change_parameters(self, changes: Mapping[str, str]) -> dict[str, Any]:
        """The same template; what is not named keeps its value."""
        kept = [item["ParameterKey"] for item in self.settled()["Parameters"] if item["ParameterKey"] not in changes]
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in changes.items()]
        self.client.update_stack(
            StackName=self.name,
            UsePreviousTemplate=True,
            Parameters=[*given, *({"ParameterKey": key, "UsePreviousValue": True} for key in kept)],
            Capabilities=CAPABILITIES,
        )
        return self.settled()

    def delete(self) -> dict[str, Any]:
        self.client.delete_stack(StackName=self.id)
        return self.settled()

    def settled(self, timeout: float = 60.0) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            stack: dict[str, Any] = self.client.describe_stacks(StackName=self.id)["Stacks"][0]
            return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

        found: dict[str, Any] = eventually(look, timeout)
        return found

    def failures(self) -> dict[str, str]:
        """Reasons by logical id, the first of each."""
        events = self.client.describe_stack_events(StackName=self.id)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        return {event["LogicalResourceId"]: event.get("ResourceStatusReason", "") for event in failed}

    def resource(self, logical_id: str) -> str:
        """Its physical id."""
        found = self.client.describe_stack_resource(StackName=self.id, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def _request(self, template: str, parameters: Mapping[str, str] | None) -> dict[str, Any]:
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()]
        return {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": given,
            "Capabilities": CAPABILITIES,
        }


def outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}


def check_updates(stack: StackUser, bucket: str, text: str, given: Mapping[str, str]) -> None:
    """A stack of the template takes an update; another that fails is taken back. `bucket` is for what is larger than a request."""
    template = read_template(text)

    def update(word: str, **more: Any) -> str:
        extra = {"Extra": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": word}}}
        body = json.dumps({**template, "Resources": {**template["Resources"], **extra, **more}})
        if len(body) < MOST_BYTES:
            return str(stack.update(body, given)["StackStatus"])
        s3 = stack.engine.client("s3")
        s3.put_object(Bucket=bucket, Key="changed.json", Body=body.encode())
        return str(stack.update_from(f"https://{bucket}.s3.amazonaws.com/changed.json", given)["StackStatus"])

    assert update("one") == "UPDATE_COMPLETE", stack.failures()
    broken = {"Type": "AWS::CodeCommit::Repository", "Properties": {"RepositoryName": "not a name"}}
    assert update("two", Broken=broken) == "UPDATE_ROLLBACK_COMPLETE", stack.failures()
    topic = stack.engine.client("sns").get_topic_attributes(TopicArn=stack.resource("Extra"))
    assert topic["Attributes"]["DisplayName"] == "one"
