"""Applications and their tags. Only the Lambda compute platform is there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_key
from mlsystem.engine.services.codedeploy.pages import PAGES
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetApplicationsInputTypeDef,
        CreateApplicationInputTypeDef,
        DeleteApplicationInputTypeDef,
        GetApplicationInputTypeDef,
        ListApplicationsInputTypeDef,
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
        UpdateApplicationInputTypeDef,
    )


class Application(Record):
    """`key` is the application's name."""

    kind: ClassVar[str] = "codedeploy.application"
    id: str


class DeploymentGroup(Record):
    """`key` is `application/group`, `parent` the application; `definition` as CreateDeploymentGroup takes it."""

    kind: ClassVar[str] = "codedeploy.group"
    id: str
    name: str
    definition: dict[str, Any]
    last_attempted: str = ""
    last_successful: str = ""


class Tags(Record):
    """`key` is the ARN that the tags belong to."""

    kind: ClassVar[str] = "codedeploy.tags"
    tags: dict[str, str]


def write_tags(tx: Transaction, arn: str, tags: Iterable[Mapping[str, Any]]) -> None:
    record = tx.get(Tags, arn)
    merged = {**(record.tags if record else {}), **{tag["Key"]: tag.get("Value", "") for tag in tags}}
    if merged:
        tx.put(Tags(key=arn, tags=merged))


def find_application(tx: Transaction, name: str) -> Application:
    found = tx.get(Application, name)
    if found is None:
        raise AwsError("ApplicationDoesNotExistException", f"No application found for name: {name}")
    return found


def check_platform(platform: str | None) -> None:
    """AWS's own default is Server, which is not there."""
    if platform != "Lambda":
        raise NotImplementedHere(f"the codedeploy compute platform {platform or 'Server'}", "Lambda is")


class Applications(Part):
    """Create, get, list, rename, delete; tags."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateApplication", accepts="applicationName computePlatform tags")
    def create(self, request: CreateApplicationInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["applicationName"]
        check_platform(request.get("computePlatform"))
        if call.tx.get(Application, name) is not None:
            raise AwsError("ApplicationAlreadyExistsException", f"Application already exists: {name}")
        application = call.tx.add(Application(key=name, id=str(uuid.uuid4())))
        write_tags(call.tx, self._house.scope.arn("codedeploy", f"application:{name}"), request.get("tags", ()))
        return {"applicationId": application.id}

    @operation("GetApplication", accepts="applicationName")
    def get(self, request: GetApplicationInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"application": _describe(find_application(call.tx, request["applicationName"]))}

    @operation("BatchGetApplications", accepts="applicationNames")
    def batch_get(self, request: BatchGetApplicationsInputTypeDef, call: Call) -> Mapping[str, object]:
        names = request["applicationNames"]
        return {"applicationsInfo": [_describe(find_application(call.tx, name)) for name in names]}

    @operation("ListApplications", accepts="nextToken")
    def list_applications(self, request: ListApplicationsInputTypeDef, call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(Application, by_key=True), request, "applications", by_key, lambda one: one.key)

    @operation("UpdateApplication", accepts="applicationName newApplicationName")
    def update(self, request: UpdateApplicationInputTypeDef, call: Call) -> Mapping[str, object]:
        """Renames; groups and deployments are known by the application's name, so it must have none."""
        old = find_application(call.tx, request.get("applicationName", ""))
        new = request.get("newApplicationName", old.key)
        if new == old.key:
            return {}
        if call.tx.get(Application, new) is not None:
            raise AwsError("ApplicationAlreadyExistsException", f"Application already exists: {new}")
        if call.tx.all(DeploymentGroup, parent=old.key, limit=1):
            raise NotImplementedHere("codedeploy:UpdateApplication of an application with deployment groups")
        call.tx.remove(Application, old.key)
        call.tx.add(old.changed(key=new))
        return {}

    @operation("DeleteApplication", accepts="applicationName")
    def delete(self, request: DeleteApplicationInputTypeDef, call: Call) -> Mapping[str, object]:
        """With its groups; deployments that were made stay on record. One that is not there is no error, as on AWS."""
        for group in call.tx.all(DeploymentGroup, parent=request["applicationName"]):
            call.tx.remove(DeploymentGroup, group.key)
        call.tx.remove(Application, request["applicationName"])
        return {}

    # ------------------------------------------------------------------ tags
    @operation("TagResource", accepts="ResourceArn Tags")
    def tag(self, request: TagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        if any(not tag.get("Key") for tag in request["Tags"]):
            raise AwsError("InvalidTagsToAddException", "A tag has no Key.")
        write_tags(call.tx, request["ResourceArn"], request["Tags"])
        return {}

    @operation("UntagResource", accepts="ResourceArn TagKeys")
    def untag(self, request: UntagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        record = call.tx.get(Tags, request["ResourceArn"])
        if record is not None:
            kept = {key: value for key, value in record.tags.items() if key not in request["TagKeys"]}
            call.tx.put(record.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="ResourceArn NextToken")
    def list_tags(self, request: ListTagsForResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        record = call.tx.get(Tags, request["ResourceArn"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in (record.tags if record else {}).items()]}


def _describe(application: Application) -> dict[str, object]:
    return {
        "applicationId": application.id,
        "applicationName": application.key,
        "createTime": datetime.fromtimestamp(application.created_at, UTC),
        "linkedToGitHub": False,
        "computePlatform": "Lambda",
    }
