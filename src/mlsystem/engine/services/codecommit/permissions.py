"""What CodeCommit's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodecommit.html"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, given, on

REPOSITORY = "arn:${Partition}:codecommit:${Region}:${Account}:${repositoryName}"

PERMISSIONS = Permissions(
    "codecommit",
    {
        # repositories
        "CreateRepository": [on(REPOSITORY), given("tags", on(REPOSITORY, action="TagResource"))],
        "DeleteRepository": [on(REPOSITORY)],
        "GetRepository": [on(REPOSITORY)],
        "ListRepositories": [on(ANY)],
        "UpdateDefaultBranch": [on(REPOSITORY)],
        "TagResource": [on("${resourceArn}")],
        "UntagResource": [on("${resourceArn}")],
        "ListTagsForResource": [on("${resourceArn}")],
        # branches and commits
        "CreateBranch": [on(REPOSITORY)],
        "GetBranch": [on(REPOSITORY)],
        "ListBranches": [on(REPOSITORY)],
        "CreateCommit": [on(REPOSITORY)],
        "GetCommit": [on(REPOSITORY)],
        "GetDifferences": [on(REPOSITORY)],
        # files
        "PutFile": [on(REPOSITORY)],
        "GetFile": [on(REPOSITORY)],
        "GetFolder": [on(REPOSITORY)],
        "GetBlob": [on(REPOSITORY)],
    },
)
