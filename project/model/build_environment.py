"""What pipeline.yml tells a build: the environment variables of its CodeBuild project.

One field for each variable, in the same order; tests/aws compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from build_error import BuildError

MAY_BE_EMPTY = ("api_base_url", "console_url", "mlflow_tracking_uri")


@dataclass(frozen=True)
class BuildEnvironment:
    """Each field is the variable of that name in upper case."""

    pipeline_name: str
    project_name: str
    project_id: str
    run_prefix: str
    git_branch: str
    dataset_bucket: str
    artifact_bucket: str
    kms_key_arn: str
    notification_topic_arn: str
    model_repository_uri: str
    lambda_repository_uri: str
    monitor_image_uri: str
    api_base_url: str
    console_url: str
    mlflow_tracking_uri: str
    subnet_ids: str
    security_group_id: str
    access_point_arn: str
    timeout_in_minutes: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> BuildEnvironment:
        names = [field.name for field in fields(cls)]
        for name in names:
            if not variables.get(name.upper()) and name not in MAY_BE_EMPTY:
                raise BuildError(f"environment variable {name.upper()} is missing; pipeline.yml sets it for CodeBuild")
        return cls(**{name: variables.get(name.upper(), "") for name in names})
