"""What ECR's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"""

from __future__ import annotations

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Permissions, ResourcePolicies, given, on
from mlsystem.engine.services.ecr.repositories import Repository
from mlsystem.engine.store.database import Transaction

REPOSITORY = "arn:${Partition}:ecr:${Region}:${Account}:repository/${repositoryName}"


def policy_of(tx: Transaction, scope: Scope, name: str) -> str:
    repository = tx.get(Repository, name)
    return repository.policy if repository else ""


PERMISSIONS = Permissions(
    "ecr",
    {
        # repositories
        "CreateRepository": [on(REPOSITORY), given("tags", on(REPOSITORY, action="TagResource"))],
        "DeleteRepository": [on(REPOSITORY)],
        "DescribeRepositories": [on("arn:${Partition}:ecr:${Region}:${Account}:repository/${repositoryNames}")],
        "SetRepositoryPolicy": [on(REPOSITORY)],
        "TagResource": [on("${resourceArn}")],
        "UntagResource": [on("${resourceArn}")],
        "ListTagsForResource": [on("${resourceArn}")],
        # pull
        "GetAuthorizationToken": [on(ANY)],
        "BatchCheckLayerAvailability": [on(REPOSITORY)],
        "BatchGetImage": [on(REPOSITORY)],
        "GetDownloadUrlForLayer": [on(REPOSITORY)],
        "DescribeImages": [on(REPOSITORY)],
        "ListImages": [on(REPOSITORY)],
        # push
        "InitiateLayerUpload": [on(REPOSITORY)],
        "UploadLayerPart": [on(REPOSITORY)],
        "CompleteLayerUpload": [on(REPOSITORY)],
        "PutImage": [on(REPOSITORY)],
        "BatchDeleteImage": [on(REPOSITORY)],
    },
    ResourcePolicies(Repository, lambda arn: arn.partition(":repository/")[2], policy_of),
)
