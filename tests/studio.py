"""Studio projects for tests: studio.yml as a stack, and a person in Studio who makes projects of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.aws.project import PROJECT
from tests.functions import archive
from tests.live import LiveEngine
from tests.roles import limited_role, session
from tests.stacks import StackUser, outputs

STUDIO = PROJECT.parent / "studio.yml"
PAGE = PROJECT.parent / "docs" / "studio.md"
PARAMETERS = {"ProjectPrefix": "mls", "ModelName": "flights", "DatasetBucket": "studio-data"}


def rights_of_studio() -> list[dict[str, Any]]:
    """The statements that docs/studio.md gives to Studio's role."""
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return list(json.loads(block)["Statement"])


class Studio:
    """`template` is published in a bucket, `person` is a boto3 client maker with the keys of Studio's role."""

    def __init__(self, live: LiveEngine, name: str, template: bytes | None = None):
        self.live = live
        self.bucket = f"{name}-templates"
        self.role = limited_role(live, f"{name}-studio", *rights_of_studio())
        s3 = live.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.upload(template or (PROJECT / "pipeline.yml").read_bytes())
        s3.put_object(Bucket=self.bucket, Key="project.zip", Body=archive({"read.me": "hello"}))
        self.stack = StackUser(live, f"{name}-studio")

    def upload(self, template: bytes) -> None:
        self.live.client("s3").put_object(Bucket=self.bucket, Key="pipeline.yml", Body=template)

    def publish(self) -> dict[str, str]:
        """The outputs of studio.yml."""
        made = self.stack.create(STUDIO.read_text(), self.parameters())
        assert made["StackStatus"] == "CREATE_COMPLETE", self.stack.failures()
        return outputs(made)

    def parameters(self, version: str = "v1") -> dict[str, str]:
        given = {"TemplateBucket": self.bucket, "StudioRoleArn": self.role, "ProjectPrefix": "mls"}
        return {**given, "TemplateVersion": version}

    def client(self, service: str) -> Any:
        """Of the person in Studio."""
        return session(self.live, self.role, service)

    def launch(self, name: str, product: str, parameters: Mapping[str, str] = PARAMETERS) -> str:
        """The id of a project of the product, just begun."""
        given = [{"Key": key, "Value": value} for key, value in parameters.items()]
        details = {"ProductId": product, "ProvisioningParameters": given}
        made = self.client("sagemaker").create_project(ProjectName=name, ServiceCatalogProvisioningDetails=details)
        return str(made["ProjectId"])

    def settled(self, name: str) -> dict[str, Any]:
        """The project, once nothing is under way."""
        sagemaker = self.client("sagemaker")

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = sagemaker.describe_project(ProjectName=name)
            return None if found["ProjectStatus"].endswith("InProgress") else found

        return dict(self.live.eventually(look))

    def stacks(self) -> set[str]:
        """Names of all stacks of projects."""
        found = self.live.client("cloudformation").describe_stacks()["Stacks"]
        return {one["StackName"] for one in found if one["StackName"].startswith(("SC-", "sagemaker-"))}

    def empty(self, bucket: str) -> None:
        s3 = self.live.client("s3")
        found = s3.list_object_versions(Bucket=bucket)
        for one in [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
