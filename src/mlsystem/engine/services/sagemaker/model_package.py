"""The model registry's rows: groups, and the packages that are their versions or stand alone.

SageMaker tells names apart without regard to case and writes ARNs in small letters, so the keys are in small letters too. A version
is keyed by its group and its number in nine digits, which sorts as the numbers do.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-models.html
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.sagemaker.listing import when
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

COMPLETED = "Completed"
# What describes a container of a package and changes nothing of how it is run.
DESCRIPTIVE = frozenset(
    {"Framework", "FrameworkVersion", "NearestModelName", "ModelInput", "ModelDataETag", "ImageDigest"}
)


class ModelPackageGroup(Record):
    """`key` is the name in small letters; `last_version` is never given again, whatever is deleted."""

    kind: ClassVar[str] = "sagemaker.model_package_group"
    name: str
    arn: str
    created_by: str
    description: str = ""
    last_version: int = 0

    def summary(self) -> dict[str, Any]:
        told = {
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "CreationTime": when(self.created_at),
            "ModelPackageGroupStatus": self.state,
        }
        return told | ({"ModelPackageGroupDescription": self.description} if self.description else {})

    def describe(self) -> dict[str, Any]:
        return self.summary() | {"CreatedBy": user(self.created_by)}


class ModelPackage(Record):
    """`parent` is the group's key, `version` 0 without one; `about` is what Create and Update gave.

    `modified_by` is empty until somebody has updated it.
    """

    kind: ClassVar[str] = "sagemaker.model_package"
    name: str
    arn: str
    created_by: str
    version: int = 0
    modified_by: str = ""
    about: dict[str, Any] = Field(default_factory=dict)

    @property
    def approval(self) -> str:
        return str(self.about.get("ModelApprovalStatus", ""))

    def summary(self) -> dict[str, Any]:
        named: dict[str, Any] = {"ModelPackageName": self.name}
        if self.parent:
            named = {"ModelPackageGroupName": self.name, "ModelPackageVersion": self.version}
        listed = ("ModelPackageDescription", "ModelApprovalStatus", "ModelLifeCycle", "ModelPackageRegistrationType")
        return {
            **named,
            "ModelPackageArn": self.arn,
            "CreationTime": when(self.created_at),
            "ModelPackageStatus": self.state,
            **{name: self.about[name] for name in listed if name in self.about},
        }

    def describe(self) -> dict[str, Any]:
        told = {
            "ModelPackageName": self.name,
            **self.about,
            **self.summary(),
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CertifyForMarketplace": False,
            "CreatedBy": user(self.created_by),
        }
        if self.modified_by:
            told |= {"LastModifiedTime": when(self.updated_at), "LastModifiedBy": user(self.modified_by)}
        return told

    def container(self, specification: str = "") -> dict[str, Any]:
        """What a model of this package runs; `specification` names an additional one. Raises AwsError."""
        if self.parent and self.approval != "Approved":
            message = (
                f"The model package {self.arn} is {self.approval}: UpdateModelPackage must make it Approved first."
            )
            raise AwsError("ValidationException", message)
        found = self._specification(specification)
        if len(found["Containers"]) > 1:
            raise NotImplementedHere("sagemaker:CreateModel of a model package with several Containers")
        container = {name: value for name, value in found["Containers"][0].items() if name not in DESCRIPTIVE}
        if digest := found["Containers"][0].get("ImageDigest"):
            repository, slash, last = container["Image"].rpartition("/")
            container["Image"] = f"{repository}{slash}{last.partition('@')[0].partition(':')[0]}@{digest}"
        return container

    def _specification(self, name: str) -> dict[str, Any]:
        if name:
            named = [one for one in self.about.get("AdditionalInferenceSpecifications", ()) if one["Name"] == name]
            if not named:
                raise AwsError("ValidationException", f"{self.arn} has no additional inference specification {name}.")
            return dict(named[0])
        if "InferenceSpecification" not in self.about:
            raise AwsError("ValidationException", f"The model package {self.arn} has no InferenceSpecification.")
        return dict(self.about["InferenceSpecification"])


def user(arn: str) -> dict[str, Any]:
    """A UserContext of somebody who came with keys of IAM."""
    return {"IamIdentity": {"Arn": arn}}


def group_arn(scope: Scope, given: str) -> str:
    """Of a name or an ARN."""
    return scope.arn("sagemaker", f"model-package-group/{_key(given)}")


def package_arn(scope: Scope, given: str) -> str:
    """Of a name, a name with a version, or an ARN."""
    return scope.arn("sagemaker", f"model-package/{_key(given)}")


def find_group(tx: Transaction, scope: Scope, given: str) -> ModelPackageGroup:
    """By name or ARN. Raises AwsError(ValidationException), as SageMaker does."""
    group = tx.get(ModelPackageGroup, _key(given))
    if group is None:
        raise AwsError("ValidationException", f"ModelPackageGroup {group_arn(scope, given)} does not exist.")
    return group


def find_package(tx: Transaction, scope: Scope, given: str) -> ModelPackage:
    """By name, ARN, or either with the number of a version. Raises AwsError(ValidationException)."""
    name, _, number = _key(given).partition("/")
    package = tx.get(ModelPackage, version_key(name, int(number)) if number else name)
    if package is None:
        raise AwsError("ValidationException", f"ModelPackage {package_arn(scope, given)} does not exist.")
    return package


def version_key(group: str, version: int) -> str:
    return f"{group}/{version:09}"


def _key(given: str) -> str:
    """The name, with its version if there is one, without what makes it an ARN."""
    return (given.split(":", 5)[-1].partition("/")[2] if given.startswith("arn:") else given).lower()
