"""An engine for as long as tests need it, and what nearly every test of SageMaker code needs of it: clients, a role, an image."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client import engine, image
from mlsystem.client.connection import Connection

NOWHERE = "/dev/null"  # the settings of this machine's user
SAGEMAKER = ("sagemaker.amazonaws.com",)
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class Engine:
    """One that runs. Its `home` is the data folder: logs of what ran are there, too."""

    def __init__(self, home: Path):
        self.home = home
        self._connection = Connection("local", home)
        assert self._connection.engine is not None
        self._engine = self._connection.engine

    @property
    def url(self) -> str:
        """Of all services' endpoints."""
        return self._engine.url

    @property
    def region(self) -> str:
        return self._engine.region

    @property
    def account(self) -> str:
        return self._connection.account()

    def client(self, service: str) -> Any:
        """A boto3 client, made once a service. Its key is the account's own, which may do everything."""
        return self._connection.client(service)

    def environment(self) -> dict[str, str]:
        """With which an AWS client speaks to this engine, where nothing else leads it elsewhere."""
        return {**self._engine.environment(), "AWS_CONFIG_FILE": NOWHERE, "AWS_SHARED_CREDENTIALS_FILE": NOWHERE}

    def role(self, name: str, services: Sequence[str] = SAGEMAKER, policy: dict[str, Any] | None = None) -> str:
        """The ARN of a role that these services may take on; it may do what `policy` says, without one everything.

        One of that name that is there already is given these rights.
        """
        iam = self.client("iam")
        statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(policy or EVERYTHING))
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])

    def image(
        self, folder: Path, name: str, dockerfile: Path | None = None, tell: Callable[[str], None] = lambda _line: None
    ) -> str:
        """The URI, in this engine's registry, of an image built from a folder with a Dockerfile. Needs no Docker. Raises ClientFailure."""
        image.build(name, folder, dockerfile, [], "interpreter", tell)
        return image.push_image(self._connection, name, "", tell)[0]


@contextmanager
def engine_on(home: Path, time_scale: float = 1.0) -> Iterator[Engine]:
    """An engine on a data folder, on a free port; in the end it and all that it started are ended, and the folder stays.

    Durations (waits, alarm periods, cool-downs) are divided by `time_scale`. Raises ClientFailure when it cannot start.
    """
    engine.start(engine.UpOptions(home=home, port=0, time_scale=time_scale, has_console=False))
    try:
        yield Engine(home)
    finally:
        engine.stop(home)
