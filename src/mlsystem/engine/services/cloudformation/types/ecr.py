"""AWS::ECR::Repository."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import retag, tag_list, tagged


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    ignored = ("EmptyOnDelete", "RepositoryPolicyText", "LifecyclePolicy", "EncryptionConfiguration")
    request = {name: value for name, value in properties.items() if name not in ignored}
    request.setdefault("RepositoryName", site.made_up_name(256, lower=True))
    return tagged(request, "Tags", tag_list(site, properties))


def _describe(site: Site, name: str) -> dict[str, Any]:
    repository = site.call("ecr", "DescribeRepositories", {"repositoryNames": [name]})["repositories"][0]
    return {"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]}


def _change(site: Site, name: str, old: Properties, new: Properties) -> None:
    if "RepositoryPolicyText" in new:
        request = {"repositoryName": name, "policyText": new["RepositoryPolicyText"]}
        site.call("ecr", "SetRepositoryPolicy", coerced("ecr", "SetRepositoryPolicy", request))
    arn = site.house.scope.arn("ecr", f"repository/{name}")
    retag(
        site,
        old,
        new,
        tag=lambda _tags: site.call("ecr", "TagResource", {"resourceArn": arn, "tags": tag_list(site, new)}),
        untag=lambda gone: site.call("ecr", "UntagResource", {"resourceArn": arn, "tagKeys": gone}),
    )


REPOSITORY = ApiType(
    name="AWS::ECR::Repository",
    service="ecr",
    create_operation="CreateRepository",
    delete_operation="DeleteRepository",
    properties=frozenset(
        {
            "RepositoryName",
            "ImageTagMutability",
            "ImageScanningConfiguration",
            "EmptyOnDelete",
            "RepositoryPolicyText",
            "Tags",
        }
    ),
    attributes=frozenset({"Arn", "RepositoryUri"}),
    immutable=frozenset({"RepositoryName"}),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["repository"]["repositoryName"]),
    describe=_describe,
    delete_request=lambda name, properties: {
        "repositoryName": name,
        "force": bool(properties.get("EmptyOnDelete", False)),
    },
    change=_change,
)
