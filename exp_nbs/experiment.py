"""What the notebooks need around what they show: a name, a bucket, roles, the images, and the removal of what was made.

Region, account and credentials are those of the usual AWS environment, so nothing here knows where AWS's API answers.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

import mlsystem

ROOT = Path(__file__).resolve().parents[1]
# A project of your own is the folder that the notebooks' folder lies in; in the repository of the system it is one beside.
PROJECT = ROOT / "project" if (ROOT / "project").is_dir() else ROOT
CONTAINER = PROJECT / "container"
REPOSITORIES = ("mls-exp", "mls-exp-lambda", "mls-exp-monitor")
PATIENCE_SECONDS = 60


class Experiment:
    """Everything it makes begins with `name`, which is another one each time."""

    def __init__(self, topic: str) -> None:
        session = boto3.Session()
        self.region = str(session.region_name)
        self.partition = session.get_partition_for_region(self.region)
        self.account = str(session.client("sts").get_caller_identity()["Account"])
        self.name = f"exp-{topic}-{int(time.time())}"
        self.bucket = f"{self.name}-{self.account}"
        self._s3: Any = session.client("s3")
        self._iam: Any = session.client("iam")
        self._ecr: Any = session.client("ecr")
        self._roles: list[str] = []

    def make_bucket(self) -> str:
        """Its name. us-east-1 is the one region that must not be named."""
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self._s3.create_bucket(Bucket=self.bucket, **({} if self.region == "us-east-1" else place))
        return self.bucket

    def make_role(self, service: str, *statements: Mapping[str, Any], also: Sequence[str] = ()) -> str:
        """The ARN of a role that a service assumes, with this bucket, logs and images beside what the statements allow.

        `also` are managed policies of AWS, by name.
        """
        name = f"{self.name}-{service}"
        principal = {"Service": f"{service}.amazonaws.com"}
        trust = _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        arn = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self._roles.append(name)
        policy = _document(*self._everywhere(), *statements)
        self._iam.put_role_policy(RoleName=name, PolicyName="experiment", PolicyDocument=policy)
        for managed in also:
            arn_of_policy = f"arn:{self.partition}:iam::aws:policy/{managed}"
            self._iam.attach_role_policy(RoleName=name, PolicyArn=arn_of_policy)
        return str(arn)

    def _everywhere(self) -> list[dict[str, Any]]:
        bucket = f"arn:{self.partition}:s3:::{self.bucket}"
        return [
            allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], bucket, f"{bucket}/*"),
            allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], "*"),
            allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "*"),
            allow(["ecr:BatchCheckLayerAvailability", "cloudwatch:PutMetricData"], "*"),
        ]

    def make_images(self) -> tuple[str, str]:
        """The URIs of the container program and of the API function, built and pushed unless the registry has them."""
        homes = [self._repository(name) for name in REPOSITORIES[:2]]
        image, function_image = _run(CONTAINER / "build_image.sh", "--both", *homes).split()
        for uri in (image, function_image):
            if not self._is_pushed(uri):
                _run(CONTAINER / "push_image.sh", uri)
        return image, function_image

    def make_monitor_image(self) -> str:
        """The URI of the analyzer, which knows what traffic normally looks like; built and pushed unless the registry has it."""
        uri = f"{self._repository(REPOSITORIES[2])}:latest"
        if not self._is_pushed(uri):
            package = Path(mlsystem.__file__).parent
            _run("mlsystem", "image", "build", uri, package.parent, "--file", package / "monitor" / "Dockerfile")
            _run(CONTAINER / "push_image.sh", uri)
        return uri

    def _is_pushed(self, uri: str) -> bool:
        home, tag = uri.partition("/")[2].split(":")
        try:
            self._ecr.describe_images(repositoryName=home, imageIds=[{"imageTag": tag}])
        except self._ecr.exceptions.ImageNotFoundException:
            return False
        return True

    def _repository(self, name: str) -> str:
        try:
            made = self._ecr.create_repository(repositoryName=name)["repository"]
        except self._ecr.exceptions.RepositoryAlreadyExistsException:
            made = self._ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
        return str(made["repositoryUri"])

    def upload(self, path: Path, key: str) -> str:
        """Its URI."""
        self._s3.upload_file(str(path), self.bucket, key)
        return f"s3://{self.bucket}/{key}"

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def remove(self) -> None:
        """The bucket with all that is in it, and the roles."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for item in page.get("Contents", ()):
                self._s3.delete_object(Bucket=self.bucket, Key=item["Key"])
        self._s3.delete_bucket(Bucket=self.bucket)
        for name in self._roles:
            for policy in self._iam.list_role_policies(RoleName=name)["PolicyNames"]:
                self._iam.delete_role_policy(RoleName=name, PolicyName=policy)
            for attached in self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                self._iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
            self._iam.delete_role(RoleName=name)

    def remove_images(self) -> None:
        """Also those of other experiments: all of them use the same ones."""
        for name in REPOSITORIES:
            with suppress(self._ecr.exceptions.RepositoryNotFoundException):
                self._ecr.delete_repository(repositoryName=name, force=True)


def allow(actions: Sequence[str], *resources: str) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def patiently(call: Callable[[], Any]) -> Any:
    """The call's result; a role that was made a moment ago is not known everywhere on AWS yet, so it is tried for a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except ClientError as error:
            if "assume" not in str(error).lower() or time.monotonic() > deadline:
                raise
            time.sleep(3)


def await_that(what: str, is_true: Callable[[], bool], seconds: float = 600) -> None:
    """For what boto3 has no waiter. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: still not so after {seconds:.0f} seconds")
        time.sleep(0.5)


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _run(*command: str | Path) -> str:
    """What a program says on standard output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stderr}")
    return done.stdout
