"""The stacks of a project whose templates are in S3: CloudFormation makes them in the role that the request names, if it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem.engine.contract import Call, House
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.sagemaker.project import Project, ProjectStatus, TemplateStack

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class ProjectStacks:
    """Make, change, delete."""

    def __init__(self, house: House):
        self._house = house

    def make(
        self, project: Project, provider: Mapping[str, Any], tags: Iterable[Mapping[str, str]], call: Call
    ) -> TemplateStack:
        parameters = {item["Key"]: item.get("Value", "") for item in provider.get("Parameters", ())}
        url, role = provider["TemplateURL"], provider.get("RoleARN", "")
        known = self._house.call("cloudformation", "GetTemplateSummary", {"TemplateURL": url}, call.principal)
        declared = {item["ParameterKey"] for item in known["Parameters"]}
        own = {key: value for key, value in project.own_parameters.items() if key in declared}
        asked = {
            "StackName": f"sagemaker-{project.id}-{provider['TemplateName']}",
            "TemplateURL": url,
            "Parameters": _stack_parameters({**parameters, **own}),
            "Capabilities": CAPABILITIES,
            "RoleARN": role or None,
            "Tags": list(tags),
        }
        stack_id = self._house.call("cloudformation", "CreateStack", asked, call.principal)["StackId"]
        return TemplateStack(
            name=provider["TemplateName"],
            url=url,
            role_arn=role,
            parameters={**parameters, **own},
            stack_id=stack_id,
            message="CREATE_IN_PROGRESS",
        )

    def change(self, project: Project, wanted: Mapping[str, Mapping[str, Any]], call: Call) -> Project:
        unknown = sorted(set(wanted) - {one.name for one in project.stacks})
        if unknown:
            raise AwsError("ValidationException", f"Project {project.key} has no template {unknown[0]}.")
        stacks = tuple(
            self._change(one, wanted[one.name], call)
            if one.name in wanted
            else one.model_copy(update={"outcome": "UPDATE_COMPLETE"})
            for one in project.stacks
        )
        is_done = all(one.outcome for one in stacks)
        state = ProjectStatus.UPDATE_COMPLETED if is_done else ProjectStatus.UPDATE_IN_PROGRESS
        return project.changed(state=state, stacks=stacks)

    def _change(self, stack: TemplateStack, provider: Mapping[str, Any], call: Call) -> TemplateStack:
        given = {item["Key"]: item.get("Value", "") for item in provider.get("Parameters", ())}
        parameters = {**stack.parameters, **given}
        asked = {
            "StackName": stack.stack_id,
            "TemplateURL": provider["TemplateURL"],
            "Parameters": _stack_parameters(parameters),
            "Capabilities": CAPABILITIES,
            "RoleARN": stack.role_arn or None,
        }
        try:
            self._house.call("cloudformation", "UpdateStack", asked, call.principal)
        except AwsError as error:
            if "No updates are to be performed" not in error.message:
                raise
            return stack.model_copy(update={"message": "UPDATE_COMPLETE", "outcome": "UPDATE_COMPLETE"})
        told = {
            "url": provider["TemplateURL"],
            "parameters": parameters,
            "message": "UPDATE_IN_PROGRESS",
            "outcome": "",
        }
        return stack.model_copy(update=told)

    def delete(self, stack: TemplateStack, call: Call) -> TemplateStack:
        found = self._house.call("cloudformation", "DescribeStacks", {"StackName": stack.stack_id})["Stacks"][0]
        if found["StackStatus"] == "DELETE_COMPLETE":
            return stack.model_copy(update={"outcome": "DELETE_COMPLETE", "message": "DELETE_COMPLETE"})
        asked = {"StackName": stack.stack_id, "RoleARN": stack.role_arn or None}
        self._house.call("cloudformation", "DeleteStack", asked, call.principal)
        return stack.model_copy(update={"outcome": "", "message": "DELETE_IN_PROGRESS"})


def _stack_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
