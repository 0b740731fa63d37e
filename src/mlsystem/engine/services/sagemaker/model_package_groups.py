"""Groups of the model registry. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.sagemaker.listing import OLDEST_FIRST, page
from mlsystem.engine.services.sagemaker.model_package import (
    COMPLETED,
    ModelPackage,
    ModelPackageGroup,
    find_group,
    group_arn,
)
from mlsystem.engine.services.sagemaker.tags import Tags, write_tags

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateModelPackageGroupInputTypeDef,
        DeleteModelPackageGroupInputTypeDef,
        DescribeModelPackageGroupInputTypeDef,
        ListModelPackageGroupsInputTypeDef,
    )

LISTED_BY = "CreationTimeAfter CreationTimeBefore MaxResults NameContains NextToken SortBy SortOrder"


class ModelPackageGroups(Part):
    """Create, describe, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateModelPackageGroup", accepts="ModelPackageGroupName ModelPackageGroupDescription Tags")
    def create(self, request: CreateModelPackageGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["ModelPackageGroupName"]
        arn = group_arn(self._house.scope, name)
        if call.tx.get(ModelPackageGroup, name.lower()) is not None:
            raise AwsError("ValidationException", f"Model Package Group already exists: {arn}")
        group = ModelPackageGroup(
            key=name.lower(),
            state=COMPLETED,
            name=name,
            arn=arn,
            created_by=call.principal.arn,
            description=request.get("ModelPackageGroupDescription", ""),
        )
        call.tx.add(group)
        write_tags(call.tx, arn, request.get("Tags", ()))
        return {"ModelPackageGroupArn": arn}

    @operation("DescribeModelPackageGroup", accepts="ModelPackageGroupName")
    def describe(self, request: DescribeModelPackageGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        return find_group(call.tx, self._house.scope, request["ModelPackageGroupName"]).describe()

    @operation("ListModelPackageGroups", accepts=LISTED_BY)
    def list_all(self, request: ListModelPackageGroupsInputTypeDef, call: Call) -> Mapping[str, object]:
        return page(
            call.tx,
            ModelPackageGroup,
            {**OLDEST_FIRST, **request},
            "ModelPackageGroupSummaryList",
            ModelPackageGroup.summary,
        )

    @operation("DeleteModelPackageGroup", accepts="ModelPackageGroupName")
    def delete(self, request: DeleteModelPackageGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        group = find_group(call.tx, self._house.scope, request["ModelPackageGroupName"])
        if held := call.tx.count(ModelPackage, parent=group.key):
            raise AwsError("ConflictException", f"{group.arn} holds {held} model packages: delete these first.")
        call.tx.remove(ModelPackageGroup, group.key)
        call.tx.remove(Tags, group.arn)
        return {}
