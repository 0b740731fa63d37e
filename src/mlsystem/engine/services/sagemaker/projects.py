"""Projects: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProject.html

What a project is made of is made with the rights of whoever asks: the Service Catalog then launches in the role of its
constraint, CloudFormation in the role that the request names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.project import Project, ProjectMachine, ProjectStatus, TemplateStack, find_by
from mlsystem.engine.services.sagemaker.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateProjectInputTypeDef,
        DeleteProjectInputTypeDef,
        DescribeProjectInputTypeDef,
        ListProjectsInputTypeDef,
        UpdateProjectInputTypeDef,
    )

LISTED_BY = "CreationTimeAfter CreationTimeBefore MaxResults NameContains NextToken SortBy SortOrder"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class Projects(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House, machine: ProjectMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {
            "servicecatalog.provisioned_product.settled": self._on_product,
            "cloudformation.stack.settled": self._on_stack,
        }

    @operation(
        "CreateProject",
        accepts="ProjectName ProjectDescription ServiceCatalogProvisioningDetails TemplateProviders Tags",
    )
    def create(self, request: CreateProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        name = given["ProjectName"]
        known = call.tx.get(Project, name)
        if known is not None and known.state != ProjectStatus.DELETE_COMPLETED:
            raise AwsError("ValidationException", f"Project {name} already exists: it is {known.state}.")
        if ("ServiceCatalogProvisioningDetails" in given) == bool(given.get("TemplateProviders")):
            message = "Give either ServiceCatalogProvisioningDetails or TemplateProviders."
            raise AwsError("ValidationException", message)
        project = Project(
            key=name,
            state=ProjectStatus.CREATE_IN_PROGRESS,
            id=f"p-{self._house.new_id(12)}",
            arn=self._house.scope.arn("sagemaker", f"project/{name}"),
            description=given.get("ProjectDescription", ""),
            created_by=call.principal.arn,
            details=given.get("ServiceCatalogProvisioningDetails", {}),
        )
        tags = [*given.get("Tags", ()), *_own_tags(project)]
        if project.details:
            project = project.changed(provisioned=self._launch(project, tags, call))
        else:
            stacks = [
                self._make_stack(project, one["CfnTemplateProvider"], tags, call) for one in given["TemplateProviders"]
            ]
            project = project.changed(stacks=tuple(stacks))
        if known is not None:
            call.tx.remove(Project, name)
        call.tx.add(project)
        write_tags(call.tx, project.arn, tags)
        return {"ProjectArn": project.arn, "ProjectId": project.id}

    @operation("DescribeProject", accepts="ProjectName")
    def describe(self, request: DescribeProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        project = _find(call.tx, request["ProjectName"])
        told: dict[str, object] = {
            **_summary(project),
            "CreatedBy": {"IamIdentity": {"Arn": project.created_by}},
            "LastModifiedTime": when(project.updated_at),
        }
        if project.details:
            told["ServiceCatalogProvisioningDetails"] = project.details
            told["ServiceCatalogProvisionedProductDetails"] = {
                "ProvisionedProductId": project.provisioned,
                "ProvisionedProductStatusMessage": project.message.replace("\n", " "),
            }
        if project.stacks:
            told["TemplateProviderDetails"] = [_provider(one) for one in project.stacks]
        return told

    @operation("ListProjects", accepts=LISTED_BY)
    def list_all(self, request: ListProjectsInputTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, Project, request, "ProjectSummaryList", _summary)

    @operation(
        "UpdateProject",
        accepts="ProjectName ProjectDescription ServiceCatalogProvisioningUpdateDetails TemplateProvidersToUpdate Tags",
    )
    def update(self, request: UpdateProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        project = self._idle(call.tx, given["ProjectName"])
        project = project.changed(description=given.get("ProjectDescription", project.description))
        write_tags(call.tx, project.arn, given.get("Tags", ()))
        if details := given.get("ServiceCatalogProvisioningUpdateDetails"):
            project = self._relaunch(project, details, call)
        if given.get("TemplateProvidersToUpdate"):
            wanted = [one["CfnTemplateProvider"] for one in given["TemplateProvidersToUpdate"]]
            project = self._change_stacks(project, {one["TemplateName"]: one for one in wanted}, call)
        call.tx.put(project)
        return {"ProjectArn": project.arn}

    @operation("DeleteProject", accepts="ProjectName")
    def delete(self, request: DeleteProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        project = self._idle(call.tx, request["ProjectName"])
        if project.provisioned:
            asked = {"ProvisionedProductId": project.provisioned, "TerminateToken": self._house.new_id(32)}
            try:
                self._house.call("servicecatalog", "TerminateProvisionedProduct", asked, call.principal)
            except AwsError as error:
                # Somebody terminated it in the Service Catalog: then there is nothing left of the project.
                if error.code != "ResourceNotFoundException":
                    raise
                call.tx.put(project.changed(state=ProjectStatus.DELETE_COMPLETED))
                return {}
        stacks = tuple(self._delete_stack(one, call) for one in project.stacks)
        deleting = project.changed(state=ProjectStatus.DELETE_IN_PROGRESS, stacks=stacks)
        gone = bool(stacks) and all(one.outcome for one in stacks)
        call.tx.put(deleting.changed(state=ProjectStatus.DELETE_COMPLETED) if gone else deleting)
        return {}

    # ------------------------------------------------------------------ the Service Catalog
    def _launch(self, project: Project, tags: Iterable[Mapping[str, str]], call: Call) -> str:
        """The id of the provisioned product, whose name is the project's with its id."""
        details = project.details
        given = {item["Key"]: item.get("Value", "") for item in details.get("ProvisioningParameters", ())}
        asked = {
            "ProductId": details["ProductId"],
            "ProvisioningArtifactId": details.get("ProvisioningArtifactId"),
            "PathId": details.get("PathId"),
            "ProvisionedProductName": f"{project.key}-{project.id}",
            "ProvisioningParameters": _pairs({**given, **_own_parameters(project)}),
            "Tags": list(tags),
            "ProvisionToken": project.id,
        }
        try:
            answer = self._house.call("servicecatalog", "ProvisionProduct", asked, call.principal)
        except AwsError as error:
            raise _translated(error) from error
        return str(answer["RecordDetail"]["ProvisionedProductId"])

    def _relaunch(self, project: Project, details: Mapping[str, Any], call: Call) -> Project:
        if not project.provisioned:
            raise AwsError("ValidationException", f"Project {project.key} is not one of the Service Catalog.")
        asked = {
            "ProvisionedProductId": project.provisioned,
            "ProvisioningArtifactId": details.get("ProvisioningArtifactId"),
            "ProvisioningParameters": list(details.get("ProvisioningParameters", ())),
            "UpdateToken": self._house.new_id(32),
        }
        try:
            self._house.call("servicecatalog", "UpdateProvisionedProduct", asked, call.principal)
        except AwsError as error:
            raise _translated(error) from error
        known = {**project.details, **details}
        return project.changed(state=ProjectStatus.UPDATE_IN_PROGRESS, details=known)

    def _on_product(self, tx: Transaction, topic: str, data: Json) -> None:
        project = find_by(tx, provisioned=data["id"])
        if project is not None:
            self._house.worker.send(tx, Project, project.key, Event("product_settled", data))

    # ------------------------------------------------------------------ templates in S3
    def _make_stack(
        self, project: Project, provider: Mapping[str, Any], tags: Iterable[Mapping[str, str]], call: Call
    ) -> TemplateStack:
        parameters = {item["Key"]: item.get("Value", "") for item in provider.get("Parameters", ())}
        url, role = provider["TemplateURL"], provider.get("RoleARN", "")
        known = self._house.call("cloudformation", "GetTemplateSummary", {"TemplateURL": url}, call.principal)
        declared = {item["ParameterKey"] for item in known["Parameters"]}
        own = {key: value for key, value in _own_parameters(project).items() if key in declared}
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

    def _change_stacks(self, project: Project, wanted: Mapping[str, Mapping[str, Any]], call: Call) -> Project:
        unknown = sorted(set(wanted) - {one.name for one in project.stacks})
        if unknown:
            raise AwsError("ValidationException", f"Project {project.key} has no template {unknown[0]}.")
        stacks = tuple(
            self._change_stack(one, wanted[one.name], call)
            if one.name in wanted
            else one.model_copy(update={"outcome": "UPDATE_COMPLETE"})
            for one in project.stacks
        )
        return project.changed(state=ProjectStatus.UPDATE_IN_PROGRESS, stacks=stacks)

    def _change_stack(self, stack: TemplateStack, provider: Mapping[str, Any], call: Call) -> TemplateStack:
        given = {item["Key"]: item.get("Value", "") for item in provider.get("Parameters", ())}
        parameters = {**stack.parameters, **given}
        asked = {
            "StackName": stack.stack_id,
            "TemplateURL": provider["TemplateURL"],
            "Parameters": _stack_parameters(parameters),
            "Capabilities": CAPABILITIES,
            "RoleARN": stack.role_arn or None,
        }
        self._house.call("cloudformation", "UpdateStack", asked, call.principal)
        told = {
            "url": provider["TemplateURL"],
            "parameters": parameters,
            "message": "UPDATE_IN_PROGRESS",
            "outcome": "",
        }
        return stack.model_copy(update=told)

    def _delete_stack(self, stack: TemplateStack, call: Call) -> TemplateStack:
        found = self._house.call("cloudformation", "DescribeStacks", {"StackName": stack.stack_id})["Stacks"][0]
        if found["StackStatus"] == "DELETE_COMPLETE":
            return stack.model_copy(update={"outcome": "DELETE_COMPLETE", "message": "DELETE_COMPLETE"})
        asked = {"StackName": stack.stack_id, "RoleARN": stack.role_arn or None}
        self._house.call("cloudformation", "DeleteStack", asked, call.principal)
        return stack.model_copy(update={"outcome": "", "message": "DELETE_IN_PROGRESS"})

    def _on_stack(self, tx: Transaction, topic: str, data: Json) -> None:
        project = find_by(tx, stack_id=data["stack_id"])
        if project is not None:
            self._house.worker.send(tx, Project, project.key, Event("stack_settled", data))

    def _idle(self, tx: Transaction, name: str) -> Project:
        project = _find(tx, name)
        if project.state == ProjectStatus.DELETE_COMPLETED:
            raise AwsError("ValidationException", f"Project {name} does not exist: it was deleted.")
        if project.is_changing:
            raise AwsError("ConflictException", f"Project {name} is {project.state}: wait for its end.")
        return project


def _find(tx: Transaction, name: str) -> Project:
    project = tx.get(Project, name)
    if project is None:
        raise AwsError("ValidationException", f"Project {name} does not exist.")
    return project


def _own_parameters(project: Project) -> dict[str, str]:
    """What SageMaker fills in. https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-projects-templates-custom.html"""
    return {"SageMakerProjectName": project.key, "SageMakerProjectId": project.id}


def _own_tags(project: Project) -> list[dict[str, str]]:
    return [
        {"Key": "sagemaker:project-name", "Value": project.key},
        {"Key": "sagemaker:project-id", "Value": project.id},
    ]


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _stack_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _translated(error: AwsError) -> AwsError:
    """SageMaker tells in its own code what the Service Catalog refused."""
    if isinstance(error, NotImplementedHere) or error.code.startswith("AccessDenied"):
        return error
    return AwsError("ValidationException", f"Service Catalog: {error.message}")


def _summary(project: Project) -> dict[str, object]:
    return {
        "ProjectName": project.key,
        "ProjectDescription": project.description,
        "ProjectArn": project.arn,
        "ProjectId": project.id,
        "CreationTime": when(project.created_at),
        "ProjectStatus": project.state,
    }


def _provider(stack: TemplateStack) -> dict[str, object]:
    detail: dict[str, object] = {
        "TemplateName": stack.name,
        "TemplateURL": stack.url,
        "Parameters": _pairs(stack.parameters),
        "StackDetail": {"Name": stack.stack_name, "Id": stack.stack_id, "StatusMessage": stack.message},
    }
    if stack.role_arn:
        detail["RoleARN"] = stack.role_arn
    return {"CfnTemplateProviderDetail": detail}
