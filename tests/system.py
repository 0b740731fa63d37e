"""The whole system of project/ on an engine, used as a person uses it: with boto3 and nothing else."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests import small_project
from tests.live import LiveEngine, eventually
from tests.small_project import DATASET, NAME
from tests.stacks import StackUser, outputs

STACK = f"{NAME}-pipeline"
ENDED = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"}
RUN_SECONDS = 180.0  # for a stage to end, on a busy machine


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    endpoint: str
    """The endpoint that answered, from the response's header; empty for an answer that is none of the function's."""


class System:
    """`deploy` once; then `upload` and `commit` start executions, as they do on AWS."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.stack = StackUser(engine, STACK)

    # ------------------------------------------------------------------ in place
    def deploy(self, monitor_image: str, **settings: Mapping[str, Any]) -> None:
        """Data, images, and the stack of pipeline.yml. `settings` change sections of mlsystem.yaml."""
        s3 = self.engine.client("s3")
        s3.create_bucket(Bucket=DATASET)
        for name in ("train", "test", "baseline"):
            s3.put_object(Bucket=DATASET, Key=f"{name}.csv", Body=small_project.csv_data())
        s3.put_object(Bucket=DATASET, Key="project.zip", Body=small_project.seed(**settings))
        s3.put_object(Bucket=DATASET, Key="pipeline.yml", Body=(small_project.PROJECT / "pipeline.yml").read_bytes())
        small_project.push_program(self.engine)
        own = small_project.settings(**settings)["project"]
        given = {
            "SageMakerProjectName": own["name"],
            "SageMakerProjectId": own["id"],
            "ProjectPrefix": own["prefix"],
            "ModelName": own["model_name"],
            "DatasetBucket": DATASET,
            "EmailAddress": own["email_address"],
            "MonitorImageUri": monitor_image,
            "ApiBaseUrl": f"{self.engine.url}/_api",
            "ConsoleUrl": f"{self.engine.url}/_console",
            "SeedBucket": DATASET,
        }
        made = self.stack.create_from(f"https://{DATASET}.s3.amazonaws.com/pipeline.yml", given)
        assert made["StackStatus"] == "CREATE_COMPLETE", self.stack.failures()
        # As on AWS a new pipeline starts at once: there is no data yet, so its first execution fails at its source.
        assert self.ended(str(eventually(self.executions)[0]["pipelineExecutionId"])) == "Failed"

    @property
    def bucket(self) -> str:
        """Of artefacts."""
        return self.stack.resource("ArtifactBucket")

    @property
    def image(self) -> str:
        found = self.engine.client("ecr").describe_repositories(repositoryNames=[f"{NAME}-program"])
        return f"{found['repositories'][0]['repositoryUri']}:latest"

    # ------------------------------------------------------------------ what starts an execution
    def upload(self, values: Mapping[str, str] | None = None, **members: str | None) -> str:
        """Upload data-source.zip; the id of the execution that the upload starts."""
        archive = small_project.data_source(self.image, values or {"auc": "0.9"}, **members)
        s3 = self.engine.client("s3")
        bucket = self.bucket
        return self.started_by(lambda: s3.put_object(Bucket=bucket, Key=f"{NAME}/data-source.zip", Body=archive))

    def commit(self, changes: Mapping[str, Callable[[str], str]]) -> str:
        """Commit changes of files, each from its text to another; the id of the execution that the commit starts."""
        codecommit = self.engine.client("codecommit")
        parent = codecommit.get_branch(repositoryName=NAME, branchName="main")["branch"]["commitId"]
        files = []
        for path, change in changes.items():
            before = codecommit.get_file(repositoryName=NAME, filePath=path)["fileContent"].decode()
            after = change(before)
            assert after != before, f"{path} is not changed"
            files.append({"filePath": path, "fileContent": after.encode()})
        return self.started_by(
            lambda: codecommit.create_commit(
                repositoryName=NAME, branchName="main", parentCommitId=parent, putFiles=files, commitMessage="Change"
            )
        )

    def started_by(self, cause: Callable[[], object]) -> str:
        """The id of the execution that starts after `cause`."""
        known = {execution["pipelineExecutionId"] for execution in self.executions()}
        cause()

        def new() -> str:
            ids = [str(execution["pipelineExecutionId"]) for execution in self.executions()]
            return next((one for one in ids if one not in known), "")

        return str(eventually(new))

    # ------------------------------------------------------------------ the pipeline
    @property
    def pipeline(self) -> Any:
        return self.engine.client("codepipeline")

    def executions(self) -> list[dict[str, Any]]:
        """The newest first."""
        return list(self.pipeline.list_pipeline_executions(pipelineName=NAME)["pipelineExecutionSummaries"])

    def status(self, execution: str) -> str:
        found = self.pipeline.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def ended(self, execution: str) -> str:
        """How it ended, once it has."""
        return str(eventually(lambda: s if (s := self.status(execution)) in ENDED else "", timeout=RUN_SECONDS))

    def rolled_back(self, execution: str) -> str:
        """The rollback of the stage in which the execution failed, once there is one."""

        def started() -> str:
            causes = {e["pipelineExecutionId"]: e["trigger"].get("triggerDetail", "") for e in self.executions()}
            return next((one for one, cause in causes.items() if cause == execution), "")

        return str(eventually(started))

    def approve(self, execution: str, reason: str = "looks right", status: str = "Approved") -> None:
        """Wait until the execution waits for a person, and decide. AssertionError with its errors when it ends before."""
        token = self.waits(execution)
        self.pipeline.put_approval_result(
            pipelineName=NAME,
            stageName="DeployDev",
            actionName="ApproveDeployment",
            result={"summary": reason, "status": status},
            token=token,
        )

    def waits(self, execution: str) -> str:
        """The token of its approval, once the execution waits for a person. AssertionError as above."""
        return str(eventually(lambda: self.approval_token(execution), timeout=RUN_SECONDS))

    def approval_token(self, execution: str) -> str:
        assert self.status(execution) not in ENDED, self.errors(execution)
        stage = next(
            s for s in self.pipeline.get_pipeline_state(name=NAME)["stageStates"] if s["stageName"] == "DeployDev"
        )
        if stage.get("latestExecution", {}).get("pipelineExecutionId") != execution:
            return ""
        action = next(a for a in stage["actionStates"] if a["actionName"] == "ApproveDeployment")
        return str(action.get("latestExecution", {}).get("token", ""))

    def runs(self, execution: str) -> dict[str, dict[str, Any]]:
        """Its actions by name, each as it ran last."""
        asked = {"pipelineName": NAME, "filter": {"pipelineExecutionId": execution}}
        details = self.pipeline.list_action_executions(**asked)["actionExecutionDetails"]
        return {detail["actionName"]: detail for detail in reversed(details)}

    def errors(self, execution: str) -> dict[str, str]:
        """What failed actions say, by their names; of a stack also what failed in it."""
        results = {
            name: run.get("output", {}).get("executionResult", {})
            for name, run in self.runs(execution).items()
            if run["status"] == "Failed"
        }
        said = {
            name: str(result.get("externalExecutionSummary") or result.get("errorDetails", {}).get("message"))
            for name, result in results.items()
        }
        return {name: said[name] + self._failures_of_stack(said[name]) for name in said}

    def _failures_of_stack(self, message: str) -> str:
        named = re.match(r"Stack (\S+) is ", message)
        return f" {StackUser(self.engine, named[1]).failures()}" if named else ""

    def to_production(self, execution: str) -> None:
        """Approve it, and wait for its good end."""
        self.approve(execution)
        assert self.ended(execution) == "Succeeded", self.errors(execution)

    # ------------------------------------------------------------------ what it deployed
    def outputs(self, stage: str) -> dict[str, str]:
        """Of the stack of a stage, `dev` or `prd`."""
        stacks = self.engine.client("cloudformation").describe_stacks(StackName=f"{NAME}-deploy-{stage}")["Stacks"]
        return outputs(stacks[0])

    def api_url(self) -> str:
        """At this engine's port, whatever it was when the stack was made."""
        return self.engine.url + urlsplit(self.outputs("prd")["ApiUrl"]).path

    def ask(self, url: str, body: str | bytes = "0.8,3\n", content_type: str = "text/csv", **headers: str) -> Answer:
        """POST to the API."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data, {"Content-Type": content_type, **named})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.read().decode(), answer.headers.get("X-SageMaker-Endpoint", ""))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), error.headers.get("X-SageMaker-Endpoint", ""))
