"""Lists that AWS pages, with how to make and delete what is in them: cheap things, which nothing else has to do with.

In the members of `create` the text NAME stands for the thing's own name, and in those of `delete` THING for what `create` answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.live import LiveEngine

NAME, THING = "NAME", "THING"
SERVICES = ["lambda.amazonaws.com", "sagemaker.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}],
    }
)
ROLE = "arn:aws:iam::000000000000:role/pages"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/pages:1"


@dataclass(frozen=True)
class Listing:
    """`item` is the member that names an item, empty where the item is its own name. `made` is the member of the answer to `create` that
    names the thing, by its path; empty: by its name. `size` is how long a page is asked to be."""

    service: str
    operation: str
    items: str
    item: str
    create: tuple[str, Mapping[str, Any]]
    delete: tuple[str, Mapping[str, Any]]
    made: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    size: int = 2

    def make(self, client: Any, name: str) -> str:
        operation, members = self.create
        answer = getattr(client, operation)(**_filled(members, NAME, name))
        for part in self.made.split(".") if self.made else ():
            answer = answer[part]
        return str(answer) if self.made else name

    def drop(self, client: Any, thing: str) -> None:
        operation, members = self.delete
        getattr(client, operation)(**_filled(members, THING, thing))

    def pages(self, client: Any) -> Iterator[list[str]]:
        paginator = client.get_paginator(self.operation)
        for page in paginator.paginate(**self.given, PaginationConfig={"PageSize": self.size}):
            yield [str(item[self.item] if self.item else item) for item in page.get(self.items, ())]


def _filled(members: Any, mark: str, value: str) -> Any:
    if isinstance(members, Mapping):
        return {name: _filled(one, mark, value) for name, one in members.items()}
    if isinstance(members, list):
        return [_filled(one, mark, value) for one in members]
    return value if members == mark else members


def prepare(engine: LiveEngine) -> None:
    """What the things below stand on."""
    engine.client("iam").create_role(RoleName="pages", AssumeRolePolicyDocument=TRUST)
    engine.client("s3").create_bucket(Bucket="pages-of-objects")
    engine.client("logs").create_log_group(logGroupName="pages")
    engine.client("sagemaker").create_experiment(ExperimentName="pages-of-trials")
    engine.client("sagemaker").create_model_package_group(ModelPackageGroupName="pages-of-packages")
    engine.client("sagemaker").create_model(ModelName="pages", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
