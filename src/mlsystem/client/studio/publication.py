"""Publishes a project's pipeline.yml as an organization template of Studio: bucket, monitor's image, stack of studio.yml."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from mlsystem.client.bucket import Bucket
from mlsystem.client.connection import Connection
from mlsystem.client.deployment import SEED_KEY
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.monitor_image import push_monitor
from mlsystem.client.project import Project, template_folder
from mlsystem.client.stack import Stack, StackEvent
from mlsystem.client.teardown.stacks import Stacks

TEMPLATE_KEY = "pipeline.yml"
VISIBLE = {"sagemaker:studio-visibility": "true"}
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
# What SageMaker fills in.
OF_A_PROJECT = ("SageMakerProjectName", "SageMakerProjectId")
# A stack that can only go. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
BEYOND_UPDATE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
Pause = Callable[[], None]


@dataclass(frozen=True)
class Place:
    """Where a template is published, and for whom: names of a bucket, of a stack and of Studio's role."""

    bucket: str
    stack: str
    role: str


class Publication:
    """`check`, `prepare`, then `apply` until the stack has settled."""

    def __init__(self, connection: Connection, project: Project, place: Place, api_base_url: str = ""):
        self._connection = connection
        self._project = project
        self._place = place
        engine = connection.engine
        self._api_base_url = f"{engine.url}/_api" if engine else api_base_url
        self._bucket = Bucket(connection, place.bucket)
        self._stack = Stack(connection, place.stack)

    def check(self) -> None:
        """Raises ClientFailure for what is wrong, before anything is made."""
        if not BUCKET_NAME.fullmatch(self._place.bucket):
            words = "3 to 63 small letters, digits, dots and hyphens"
            raise ClientFailure(f"{self._place.bucket!r} is no name of a bucket: it needs {words}")
        if not STACK_NAME.fullmatch(self._place.stack):
            words = "a letter, then letters, digits and hyphens, at most 128"
            raise ClientFailure(f"{self._place.stack!r} is no name of a stack: it needs {words}")
        self._role_arn()
        self._template()

    def prepare(self, tell: Callable[[str], None]) -> None:
        """The bucket with the template and with what repositories begin with, and the image of the monitor."""
        self._bucket.make()
        self._bucket.upload(SEED_KEY, self._project.archive())
        self._bucket.upload(TEMPLATE_KEY, self._template().encode(), VISIBLE)
        push_monitor(self._connection, self._project.prefix, tell)

    def apply(self, pause: Pause) -> Iterator[StackEvent]:
        """Events of the stack, created or replaced: in place, so that the projects that stand keep their launch role."""
        if self._stack.status() in BEYOND_UPDATE:
            for removal in Stacks(self._connection, pause).removals(self._place.stack):
                removal.carry_out()
        if self._stack.apply(self._parameters(), TemplateBody=studio_template().read_text()):
            yield from self._stack.follow(pause)

    def outputs(self) -> dict[str, str]:
        return self._stack.outputs()

    # ------------------------------------------------------------------ parts
    def _parameters(self) -> dict[str, str]:
        return {
            "TemplateBucket": self._place.bucket,
            "TemplateKey": TEMPLATE_KEY,
            "TemplateVersion": f"v-{hashlib.sha256(self._template().encode()).hexdigest()[:12]}",
            "StudioRoleArn": self._role_arn(),
            "ProjectPrefix": self._project.prefix,
            # Of the launch role as of the roles that it makes.
            "PermissionsBoundaryArn": self._project.parameters().get("PermissionsBoundaryArn", ""),
        }

    def _template(self) -> str:
        """pipeline.yml with the project's settings as defaults, so that people need to fill in little."""
        settings = {name: value for name, value in self._project.parameters().items() if name not in OF_A_PROJECT}
        seed = {"SeedBucket": self._place.bucket, "SeedKey": SEED_KEY}
        base = {"ApiBaseUrl": self._api_base_url} if self._api_base_url else {}
        path = self._project.folder / TEMPLATE_KEY
        if not path.is_file():
            raise NotFound(
                f"{self._project.folder} has no {TEMPLATE_KEY}: `mlsystem init DIR` makes a project that has"
            )
        return with_defaults(path.read_text(), {**settings, **seed, **base})

    def _role_arn(self) -> str:
        name = self._place.role.rpartition("/")[2]
        try:
            return str(self._connection.client("iam").get_role(RoleName=name)["Role"]["Arn"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            raise NotFound(f"there is no role {name}: name the execution role of Studio") from error


def studio_template() -> Path:
    """studio.yml, beside the project that comes with this program."""
    return template_folder().parent / "studio.yml"


def with_defaults(template: str, defaults: Mapping[str, str]) -> str:
    """A template in YAML whose parameters have these defaults; all else stays as it is written.

    Raises ClientFailure for a parameter that it does not find as the project's templates are written: two spaces deep.
    """
    for name, value in defaults.items():
        found = re.search(rf"^  {name}:\n(?:    .*\n)+", template, re.MULTILINE)
        if found is None:
            raise ClientFailure(
                f"{TEMPLATE_KEY} has no parameter {name}, two spaces deep, each of its members on a line"
            )
        kept = re.sub(r"^    Default:.*\n", "", found[0], flags=re.MULTILINE)
        line = f"    Default: {json.dumps(value)}\n"
        template = f"{template[: found.start()]}{kept}{line}{template[found.end() :]}"
    return template
