"""Model packages: what the registry knows of a model, its versions and whether it may be deployed.

A package is made at once, as nothing of it is validated by jobs here. Every change of it is told to EventBridge.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.retention import CLIENT_TOKENS
from mlsystem.engine.services.sagemaker.listing import OLDEST_FIRST, page
from mlsystem.engine.services.sagemaker.model_package import (
    COMPLETED,
    ModelPackage,
    find_group,
    find_package,
    package_arn,
    version_key,
)
from mlsystem.engine.services.sagemaker.model_package_event import state_change
from mlsystem.engine.services.sagemaker.tags import Tags, write_tags
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.forgetting import forget_records
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        BatchDescribeModelPackageInputTypeDef,
        CreateModelPackageInputTypeDef,
        DeleteModelPackageInputTypeDef,
        DescribeModelPackageInputTypeDef,
        ListModelPackagesInputTypeDef,
        UpdateModelPackageInputTypeDef,
    )

PENDING = "PendingManualApproval"
LISTED_BY = """CreationTimeAfter CreationTimeBefore MaxResults NameContains NextToken SortBy SortOrder
    ModelApprovalStatus ModelPackageGroupName ModelPackageType"""
# Of the members that an update may give, those that it puts in the place of the old ones.
REPLACED = (
    *("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard"),
    *("ModelLifeCycle", "ModelPackageRegistrationType"),
)
BATCH = ("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription", "CreationTime")


class ClientToken(Record):
    """`key` is the operation and the token; the same request again means the same package."""

    kind: ClassVar[str] = "sagemaker.model_package_token"
    arn: str


class ModelPackages(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House):
        self._house = house

    def tidy(self, now: float) -> None:
        forget_records(self._house.database, ClientToken, CLIENT_TOKENS.since(now), lambda _, __: True)

    @operation(
        "CreateModelPackage",
        accepts="""ModelPackageName ModelPackageGroupName ModelPackageDescription ModelPackageRegistrationType
            InferenceSpecification CertifyForMarketplace Tags ModelApprovalStatus MetadataProperties ModelMetrics
            ClientToken Domain Task SamplePayloadUrl CustomerMetadataProperties DriftCheckBaselines
            AdditionalInferenceSpecifications SkipModelValidation SourceUri ModelCard ModelLifeCycle""",
    )
    def create(self, request: CreateModelPackageInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        if known := self._known(call.tx, "create", given):
            return {"ModelPackageArn": known}
        _check(given)
        package = self._version(given, call) if "ModelPackageGroupName" in given else self._single(given, call)
        write_tags(call.tx, package.arn, given.get("Tags", ()))
        self._tell(call.tx, call.tx.add(package))
        self._remember(call.tx, "create", given, package.arn)
        return {"ModelPackageArn": package.arn}

    @operation("DescribeModelPackage", accepts="ModelPackageName IncludedData")
    def describe(self, request: DescribeModelPackageInputTypeDef, call: Call) -> Mapping[str, object]:
        told = find_package(call.tx, self._house.scope, request["ModelPackageName"]).describe()
        if request.get("IncludedData") == "MetadataOnly" and "ModelCard" in told:
            told["ModelCard"] = {"ModelCardStatus": told["ModelCard"].get("ModelCardStatus", "Draft")}
        return told

    @operation("BatchDescribeModelPackage", accepts="ModelPackageArnList", mode="read")
    def batch_describe(self, request: BatchDescribeModelPackageInputTypeDef, call: Call) -> Mapping[str, object]:
        found, errors = {}, {}
        for arn in request["ModelPackageArnList"]:
            try:
                found[arn] = _batch_summary(find_package(call.tx, self._house.scope, arn))
            except AwsError as error:
                errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}

    @operation("ListModelPackages", accepts=LISTED_BY)
    def list_all(self, request: ListModelPackagesInputTypeDef, call: Call) -> Mapping[str, object]:
        """Without a group, and unless ModelPackageType says otherwise, those that stand alone."""
        kind, approval = request.get("ModelPackageType", "Unversioned"), request.get("ModelApprovalStatus")
        parent: str | None = "" if kind == "Unversioned" else None
        if "ModelPackageGroupName" in request:
            parent = find_group(call.tx, self._house.scope, request["ModelPackageGroupName"]).key

        def is_wanted(package: ModelPackage) -> bool:
            return (approval is None or package.approval == approval) and (kind != "Versioned" or bool(package.parent))

        return page(
            call.tx,
            ModelPackage,
            {**OLDEST_FIRST, **request},
            "ModelPackageSummaryList",
            ModelPackage.summary,
            is_wanted,
            parent=parent,
        )

    @operation(
        "UpdateModelPackage",
        accepts="""ModelPackageArn ModelApprovalStatus ApprovalDescription ModelPackageRegistrationType
            CustomerMetadataProperties CustomerMetadataPropertiesToRemove AdditionalInferenceSpecificationsToAdd
            InferenceSpecification SourceUri ModelCard ModelLifeCycle ClientToken""",
    )
    def update(self, request: UpdateModelPackageInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        package = find_package(call.tx, self._house.scope, given["ModelPackageArn"])
        if self._known(call.tx, "update", given):
            return {"ModelPackageArn": package.arn}
        if "ModelApprovalStatus" in given and not package.parent:
            raise _only_versioned("ModelApprovalStatus")
        about = _updated(package.about, given)
        fields = sorted(name for name in about if about[name] != package.about.get(name))
        after = call.tx.put(package.changed(about=about, modified_by=call.principal.arn))
        self._tell(call.tx, after, fields)
        self._remember(call.tx, "update", given, package.arn)
        return {"ModelPackageArn": package.arn}

    @operation("DeleteModelPackage", accepts="ModelPackageName")
    def delete(self, request: DeleteModelPackageInputTypeDef, call: Call) -> Mapping[str, object]:
        package = find_package(call.tx, self._house.scope, request["ModelPackageName"])
        call.tx.remove(ModelPackage, package.key)
        call.tx.remove(Tags, package.arn)
        return {}

    def _version(self, given: dict[str, Any], call: Call) -> ModelPackage:
        """The next of its group, whose counter is written with it."""
        group = find_group(call.tx, self._house.scope, given["ModelPackageGroupName"])
        version = group.last_version + 1
        call.tx.put(group.changed(last_version=version))
        return ModelPackage(
            key=version_key(group.key, version),
            parent=group.key,
            state=COMPLETED,
            name=group.name,
            arn=package_arn(self._house.scope, f"{group.key}/{version}"),
            created_by=call.principal.arn,
            version=version,
            about={"ModelApprovalStatus": PENDING, **_about(given)},
        )

    def _single(self, given: dict[str, Any], call: Call) -> ModelPackage:
        name = given["ModelPackageName"]
        arn = package_arn(self._house.scope, name)
        if call.tx.get(ModelPackage, name.lower()) is not None:
            raise AwsError("ConflictException", f"The model package {arn} already exists.")
        by = call.principal.arn
        return ModelPackage(key=name.lower(), state=COMPLETED, name=name, arn=arn, created_by=by, about=_about(given))

    def _tell(self, tx: Transaction, package: ModelPackage, fields: list[str] | None = None) -> None:
        self._house.worker.notify(tx, package.kind, package.key, state_change(package, fields))

    def _known(self, tx: Transaction, verb: str, given: Mapping[str, Any]) -> str:
        known = tx.get(ClientToken, f"{verb}/{given['ClientToken']}") if "ClientToken" in given else None
        return known.arn if known else ""

    def _remember(self, tx: Transaction, verb: str, given: Mapping[str, Any], arn: str) -> None:
        if "ClientToken" in given:
            tx.put(ClientToken(key=f"{verb}/{given['ClientToken']}", arn=arn))


def _check(given: Mapping[str, Any]) -> None:
    if ("ModelPackageName" in given) == ("ModelPackageGroupName" in given):
        raise AwsError("ValidationException", "Give either ModelPackageGroupName or ModelPackageName.")
    if given.get("CertifyForMarketplace"):
        raise NotImplementedHere("sagemaker:CreateModelPackage with CertifyForMarketplace")
    if "ModelPackageGroupName" in given and given.get("Tags"):
        message = "A version has the tags of its model package group: leave Tags out, or tag the group."
        raise AwsError("ValidationException", message)
    if "ModelPackageName" in given and "ModelApprovalStatus" in given:
        raise _only_versioned("ModelApprovalStatus")
    if "InferenceSpecification" not in given and "SourceUri" not in given:
        raise AwsError("ValidationException", "A model package needs an InferenceSpecification or a SourceUri.")


def _only_versioned(member: str) -> AwsError:
    return AwsError("ValidationException", f"{member} applies to versions of a model package group alone.")


def _about(given: Mapping[str, Any]) -> dict[str, Any]:
    told_otherwise = {"ModelPackageName", "ModelPackageGroupName", "Tags", "ClientToken", "CertifyForMarketplace"}
    return {name: value for name, value in given.items() if name not in told_otherwise}


def _updated(about: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    after = {**about, **{name: given[name] for name in REPLACED if name in given}}
    removed = given.get("CustomerMetadataPropertiesToRemove", ())
    properties = {**about.get("CustomerMetadataProperties", {}), **given.get("CustomerMetadataProperties", {})}
    if properties:
        after["CustomerMetadataProperties"] = {key: properties[key] for key in properties if key not in removed}
    if added := given.get("AdditionalInferenceSpecificationsToAdd"):
        after["AdditionalInferenceSpecifications"] = [*about.get("AdditionalInferenceSpecifications", ()), *added]
    return after


def _batch_summary(package: ModelPackage) -> dict[str, Any]:
    told = package.describe()
    wanted = (
        *BATCH,
        "InferenceSpecification",
        "ModelPackageStatus",
        "ModelApprovalStatus",
        "ModelPackageRegistrationType",
    )
    return {"InferenceSpecification": {"Containers": []}} | {name: told[name] for name in wanted if name in told}
