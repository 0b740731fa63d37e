"""Projects: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProject.html

What a project is made of is made with the rights of whoever asks: the Service Catalog then launches in the role of its
constraint, CloudFormation in the role that the request names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.project import (
    Project,
    ProjectMachine,
    ProjectStatus,
    TemplateStack,
    find_by,
    pairs,
)
from mlsystem.engine.services.sagemaker.project_product import ProjectProduct
from mlsystem.engine.services.sagemaker.project_stacks import ProjectStacks
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


class Projects(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House, machine: ProjectMachine):
        self._house = house
        self._machine = machine
        self._product = ProjectProduct(house)
        self._stacks = ProjectStacks(house)

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
        tags = [*given.get("Tags", ()), *project.own_tags]
        if project.details:
            project = project.changed(provisioned=self._product.launch(project, tags, call))
        else:
            stacks = [
                self._stacks.make(project, one["CfnTemplateProvider"], tags, call) for one in given["TemplateProviders"]
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
            project = self._product.change(project, details, call)
        if given.get("TemplateProvidersToUpdate"):
            wanted = [one["CfnTemplateProvider"] for one in given["TemplateProvidersToUpdate"]]
            project = self._stacks.change(project, {one["TemplateName"]: one for one in wanted}, call)
        call.tx.put(project)
        return {"ProjectArn": project.arn}

    @operation("DeleteProject", accepts="ProjectName")
    def delete(self, request: DeleteProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        project = self._idle(call.tx, request["ProjectName"])
        if project.provisioned and not self._product.end(project, call):
            call.tx.put(project.changed(state=ProjectStatus.DELETE_COMPLETED))
            return {}
        stacks = tuple(self._stacks.delete(one, call) for one in project.stacks)
        deleting = project.changed(state=ProjectStatus.DELETE_IN_PROGRESS, stacks=stacks)
        gone = bool(stacks) and all(one.outcome for one in stacks)
        call.tx.put(deleting.changed(state=ProjectStatus.DELETE_COMPLETED) if gone else deleting)
        return {}

    def _on_product(self, tx: Transaction, topic: str, data: Json) -> None:
        project = find_by(tx, provisioned=data["id"])
        if project is not None:
            self._house.worker.send(tx, Project, project.key, Event("product_settled", data))

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
        "Parameters": pairs(stack.parameters),
        "StackDetail": {"Name": stack.stack_name, "Id": stack.stack_id, "StatusMessage": stack.message},
    }
    if stack.role_arn:
        detail["RoleARN"] = stack.role_arn
    return {"CfnTemplateProviderDetail": detail}
