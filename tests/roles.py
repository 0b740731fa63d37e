"""Roles for tests. Unless a test is about permissions its roles may do everything, and every service may assume them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.live import LiveEngine

SERVICES = "cloudformation codebuild codedeploy codepipeline events lambda sagemaker scheduler states"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
# Whoever assumes them, the account may: the tests' own user is its root.
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {
                "Service": [f"{name}.amazonaws.com" for name in SERVICES.split()],
                "AWS": "arn:aws:iam::000000000000:root",
            },
            "Action": "sts:AssumeRole",
        }
    ],
}
# By the engine's process: the same folder may hold another copy of a state after the next start.
_made: set[tuple[str, int, str]] = set()


def role(engine: LiveEngine, name: str) -> str:
    """The ARN of a role that may do everything; it is made when it is asked for first."""
    arn = f"arn:aws:iam::000000000000:role/{name}"
    made = (str(engine.folder), engine.process.pid if engine.process else 0, name)
    if made not in _made:
        _create(engine, name)
        engine.client("iam").attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
        _made.add(made)
    return arn


def limited_role(engine: LiveEngine, name: str, *statements: Mapping[str, Any]) -> str:
    """The ARN of a role that may do what the statements say; asked for again it is given others."""
    _create(engine, name)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    engine.client("iam").put_role_policy(RoleName=name, PolicyName="limited", PolicyDocument=json.dumps(document))
    return f"arn:aws:iam::000000000000:role/{name}"


def session(engine: LiveEngine, arn: str, service: str, name: str = "test") -> Any:
    """A client of `service` with keys of the role."""
    keys = engine.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    return engine.client(service, key=keys["AccessKeyId"], secret=keys["SecretAccessKey"], token=keys["SessionToken"])


def _create(engine: LiveEngine, name: str) -> None:
    try:
        engine.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
