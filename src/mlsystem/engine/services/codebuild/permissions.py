"""What CodeBuild's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, Resource, on, passes

ROOT = "arn:${Partition}:codebuild:${Region}:${Account}:project/"
NAMED = ROOT + "${name}"
PROJECT = ROOT + "${projectName}"
SERVICE = "codebuild.amazonaws.com"
ROLE = passes("serviceRole", SERVICE)


def project_of_builds(member: str) -> Resource:
    """A build's id, or the last part of its ARN, begins with its project."""

    def find(asked: Asked) -> Iterator[str]:
        for build in asked.values(member):
            yield from asked.arns(ROOT + build.rpartition("/")[2].partition(":")[0])

    return find


PERMISSIONS = Permissions(
    "codebuild",
    {
        # projects
        "CreateProject": [on(NAMED), ROLE],
        "UpdateProject": [on(NAMED), ROLE],
        "DeleteProject": [on(NAMED)],
        "BatchGetProjects": [on(ROOT + "${names}")],
        "ListProjects": [on(ANY)],
        # builds
        "StartBuild": [on(PROJECT), passes("serviceRoleOverride", SERVICE)],
        "StopBuild": [on(project_of_builds("id"))],
        "BatchGetBuilds": [on(project_of_builds("ids"))],
        "ListBuildsForProject": [on(PROJECT)],
    },
)
