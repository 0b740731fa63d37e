"""Names that a new system needs and that somebody else has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client import template as templates
from mlsystem.client.connection import Connection
from mlsystem.client.preflight.finding import Finding

Exists = Callable[[Connection, str], bool]


def _asks(service: str, operation: str, member: str, gone: tuple[str, ...]) -> Exists:
    """Whether a request for the thing finds it; `gone` are the error codes that say that it does not."""

    def exists(connection: Connection, name: str) -> bool:
        try:
            getattr(connection.client(service), operation)(**{member: name})
        except ClientError as error:
            if error.response["Error"]["Code"] in gone:
                return False
            raise
        return True

    return exists


def _repository_exists(connection: Connection, name: str) -> bool:
    try:
        connection.client("ecr").describe_repositories(repositoryNames=[name])
    except ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            return False
        raise
    return True


def _alias_exists(connection: Connection, name: str) -> bool:
    pages = connection.client("kms").get_paginator("list_aliases").paginate()
    return any(alias["AliasName"] == name for page in pages for alias in page["Aliases"])


# The property that names a resource, and how one learns that there is one of that name.
NAMED: Mapping[str, tuple[str, Exists]] = {
    "AWS::IAM::Role": ("RoleName", _asks("iam", "get_role", "RoleName", ("NoSuchEntity",))),
    "AWS::CodeCommit::Repository": (
        "RepositoryName",
        _asks("codecommit", "get_repository", "repositoryName", ("RepositoryDoesNotExistException",)),
    ),
    "AWS::ECR::Repository": ("RepositoryName", _repository_exists),
    "AWS::KMS::Alias": ("AliasName", _alias_exists),
    "AWS::CodePipeline::Pipeline": (
        "Name",
        _asks("codepipeline", "get_pipeline", "name", ("PipelineNotFoundException",)),
    ),
}


def check_bucket(connection: Connection, name: str, is_ours: bool) -> Iterator[Finding]:
    """`is_ours`: one that is in this account already will be used; else it must be free."""
    try:
        connection.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return
        if status in (301, 400):
            yield Finding("problem", f"bucket {name}", "it is in another region: choose another name in mlsystem.yaml")
        else:
            yield Finding(
                "problem", f"bucket {name}", "the name is taken by another account: choose another in mlsystem.yaml"
            )
        return
    if not is_ours:
        yield Finding("problem", f"bucket {name}", "it exists: `mlsystem destroy` removes what an earlier system left")


def check_names(connection: Connection, template: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Finding]:
    """For a system that is to be created. `known` are the template's parameters and pseudo parameters."""
    for resource in template["Resources"].values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::S3::Bucket":
            name = templates.text(properties.get("BucketName"), known)
            if name is not None:
                yield from check_bucket(connection, name, is_ours=False)
        elif kind in NAMED:
            member, exists = NAMED[kind]
            name = templates.text(properties.get(member), known)
            if name is not None and exists(connection, name):
                yield Finding(
                    "problem",
                    f"{kind} {name}",
                    "the name is taken: `mlsystem destroy` removes what an earlier system left, or choose another"
                    " project.name in mlsystem.yaml",
                )
