"""What ECR's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, given, on

REPOSITORY = "arn:${Partition}:ecr:${Region}:${Account}:repository/${repositoryName}"

PERMISSIONS = Permissions(
    "ecr",
    {
        # repositories
        "CreateRepository": [on(REPOSITORY), given("tags", on(REPOSITORY, action="TagResource"))],
        "DeleteRepository": [on(REPOSITORY)],
        "DescribeRepositories": [on("arn:${Partition}:ecr:${Region}:${Account}:repository/${repositoryNames}")],
        "SetRepositoryPolicy": [on(REPOSITORY)],
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
)
