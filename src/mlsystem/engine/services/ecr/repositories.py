"""Repositories: names under which images are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.access.kind import check_resource
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        DeleteRepositoryRequestTypeDef,
        DescribeRepositoriesRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        SetRepositoryPolicyRequestTypeDef,
        TagResourceRequestTypeDef,
        TagTypeDef,
        UntagResourceRequestTypeDef,
    )

PAGES = Paging(100, "maxResults", "nextToken", "nextToken")


class Repository(Record):
    kind: ClassVar[str] = "ecr.repository"
    is_immutable: bool = False
    policy: str = ""
    tags: dict[str, str] = Field(default_factory=dict)


class ImageRecord(Record):
    """`key` is `repository@digest`, `parent` the repository."""

    kind: ClassVar[str] = "ecr.image"
    digest: str
    tags: tuple[str, ...]
    size: int
    media_type: str


def find_repository(tx: Transaction, house: House, name: str) -> Repository:
    repository = tx.get(Repository, name)
    if repository is None:
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{house.scope.account}'",
        )
    return repository


class Repositories(Part):
    """Create, describe, delete; a policy is kept with its repository."""

    def __init__(self, house: House):
        self._house = house

    @operation(
        "CreateRepository", accepts="registryId repositoryName imageTagMutability imageScanningConfiguration tags"
    )
    def create(self, request: CreateRepositoryRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["repositoryName"]
        if call.tx.get(Repository, name) is not None:
            raise AwsError("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists")
        immutable = request.get("imageTagMutability") == "IMMUTABLE"
        tags = _tags(request.get("tags", ()))
        return {"repository": self._describe(call.tx.add(Repository(key=name, is_immutable=immutable, tags=tags)))}

    @operation("DescribeRepositories", accepts="registryId repositoryNames nextToken maxResults")
    def describe(self, request: DescribeRepositoriesRequestTypeDef, call: Call) -> Mapping[str, object]:
        names = request.get("repositoryNames")
        found = [find_repository(call.tx, self._house, name) for name in names] if names else call.tx.all(Repository)
        return PAGES.page(sorted(found, key=by_creation), request, "repositories", by_creation, self._describe)

    @operation("DeleteRepository", accepts="registryId repositoryName force")
    def delete(self, request: DeleteRepositoryRequestTypeDef, call: Call) -> Mapping[str, object]:
        repository = find_repository(call.tx, self._house, request["repositoryName"])
        images = call.tx.all(ImageRecord, parent=repository.key)
        if images and not request.get("force"):
            raise AwsError(
                "RepositoryNotEmptyException",
                f"The repository with name '{repository.key}' cannot be deleted because it still contains images",
            )
        for image in images:
            call.tx.remove(ImageRecord, image.key)
        call.tx.remove(Repository, repository.key)
        return {"repository": self._describe(repository)}

    @operation("SetRepositoryPolicy", accepts="registryId repositoryName policyText force")
    def set_policy(self, request: SetRepositoryPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        repository = find_repository(call.tx, self._house, request["repositoryName"])
        try:
            check_resource(statements_of(request["policyText"], "repository policy"))
        except AwsError as error:
            raise AwsError("InvalidParameterException", error.message) from error
        call.tx.put(repository.changed(policy=request["policyText"]))
        return {"repositoryName": repository.key, "policyText": request["policyText"]}

    @operation("TagResource", accepts="resourceArn tags")
    def tag(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        repository = self._by_arn(call.tx, request["resourceArn"])
        call.tx.put(repository.changed(tags={**repository.tags, **_tags(request["tags"])}))
        return {}

    @operation("UntagResource", accepts="resourceArn tagKeys")
    def untag(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        repository = self._by_arn(call.tx, request["resourceArn"])
        kept = {key: value for key, value in repository.tags.items() if key not in request["tagKeys"]}
        call.tx.put(repository.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="resourceArn")
    def list_tags(self, request: ListTagsForResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        tags = self._by_arn(call.tx, request["resourceArn"]).tags
        return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _by_arn(self, tx: Transaction, arn: str) -> Repository:
        return find_repository(tx, self._house, arn.partition(":repository/")[2])

    def _describe(self, repository: Repository) -> dict[str, object]:
        scope = self._house.scope
        return {
            "repositoryArn": scope.arn("ecr", f"repository/{repository.key}"),
            "registryId": scope.account,
            "repositoryName": repository.key,
            "repositoryUri": f"{scope.account}.dkr.ecr.{scope.region}.amazonaws.com/{repository.key}",
            "createdAt": datetime.fromtimestamp(repository.created_at, UTC),
            "imageTagMutability": "IMMUTABLE" if repository.is_immutable else "MUTABLE",
        }


def _tags(given: Iterable[TagTypeDef]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in given}
