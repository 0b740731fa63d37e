"""Pipelines: their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation, by_member
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_codepipeline.type_defs import (
        CreatePipelineInputTypeDef,
        DeletePipelineInputTypeDef,
        GetPipelineInputTypeDef,
        ListPipelinesInputTypeDef,
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
        UpdatePipelineInputTypeDef,
    )

PAGES = Paging(100, "maxResults", "nextToken", "nextToken")
PROVIDERS = {
    ("Source", "CodeCommit"),
    ("Source", "S3"),
    ("Build", "CodeBuild"),
    ("Deploy", "CloudFormation"),
    ("Invoke", "StepFunctions"),
    ("Invoke", "Lambda"),
    ("Approval", "Manual"),
}
PIPELINE_MEMBERS = {
    "name",
    "roleArn",
    "artifactStore",
    "stages",
    "version",
    "executionMode",
    "pipelineType",
    "variables",
}
ACTION_MEMBERS = {
    "name", "actionTypeId", "runOrder", "configuration", "outputArtifacts", "inputArtifacts", "roleArn", "region", "namespace",
}  # fmt: skip


class Pipeline(Record):
    """`declaration` as CreatePipeline takes it, with its version."""

    kind: ClassVar[str] = "codepipeline.pipeline"
    declaration: dict[str, Any]
    arn: str
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def version(self) -> int:
        return int(self.declaration["version"])


def require_pipeline(tx: Transaction, name: str) -> Pipeline:
    pipeline = tx.get(Pipeline, name)
    if pipeline is None:
        raise AwsError("PipelineNotFoundException", f"Account does not have a pipeline with name '{name}'")
    return pipeline


def require_stage(pipeline: Pipeline, name: str) -> dict[str, Any]:
    stage = next((stage for stage in pipeline.declaration["stages"] if stage["name"] == name), None)
    if stage is None:
        raise AwsError("StageNotFoundException", f"Pipeline '{pipeline.key}' does not have a stage named '{name}'")
    return dict(stage)


class Pipelines(Part):
    """Create, update, get, list, delete. Creating one announces it: its first execution starts at once, as on AWS."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreatePipeline", accepts="pipeline tags")
    def create(self, request: CreatePipelineInputTypeDef, call: Call) -> Mapping[str, object]:
        declaration = dict(request["pipeline"])
        name = str(declaration["name"])
        if call.tx.get(Pipeline, name) is not None:
            raise AwsError("PipelineNameInUseException", f"A pipeline with the name '{name}' already exists in account")
        check_declaration(declaration)
        declaration["version"] = 1
        arn = self._house.scope.arn("codepipeline", name)
        tags = {tag["key"]: tag["value"] for tag in request.get("tags", ())}
        pipeline = call.tx.add(Pipeline(key=name, declaration=declaration, arn=arn, tags=tags))
        self._house.worker.notify(call.tx, pipeline.kind, name, Notice("codepipeline.pipeline.created", {"name": name}))
        return {"pipeline": pipeline.declaration, "tags": list(request.get("tags", ()))}

    @operation("UpdatePipeline", accepts="pipeline")
    def update(self, request: UpdatePipelineInputTypeDef, call: Call) -> Mapping[str, object]:
        declaration = dict(request["pipeline"])
        pipeline = require_pipeline(call.tx, str(declaration["name"]))
        check_declaration(declaration)
        declaration["version"] = pipeline.version + 1
        return {"pipeline": call.tx.put(pipeline.changed(declaration=declaration)).declaration}

    @operation("GetPipeline", accepts="name version")
    def get(self, request: GetPipelineInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = require_pipeline(call.tx, request["name"])
        if request.get("version", pipeline.version) > pipeline.version:
            message = f"The pipeline '{pipeline.key}' has no version {request['version']}"
            raise AwsError("PipelineVersionNotFoundException", message)
        if request.get("version", pipeline.version) != pipeline.version:
            raise NotImplementedHere("codepipeline:GetPipeline with an older version")
        metadata = {
            "pipelineArn": pipeline.arn,
            "created": datetime.fromtimestamp(pipeline.created_at, UTC),
            "updated": datetime.fromtimestamp(pipeline.updated_at, UTC),
        }
        return {"pipeline": pipeline.declaration, "metadata": metadata}

    @operation("ListPipelines", accepts="nextToken maxResults")
    def list_pipelines(self, request: ListPipelinesInputTypeDef, call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(Pipeline), request, "pipelines", by_creation, _summary)

    @operation("TagResource", accepts="resourceArn tags")
    def tag(self, request: TagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = self._by_arn(call.tx, request["resourceArn"])
        given = {tag["key"]: tag["value"] for tag in request["tags"]}
        call.tx.put(pipeline.changed(tags={**pipeline.tags, **given}))
        return {}

    @operation("UntagResource", accepts="resourceArn tagKeys")
    def untag(self, request: UntagResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = self._by_arn(call.tx, request["resourceArn"])
        kept = {key: value for key, value in pipeline.tags.items() if key not in request["tagKeys"]}
        call.tx.put(pipeline.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="resourceArn nextToken maxResults")
    def list_tags(self, request: ListTagsForResourceInputTypeDef, call: Call) -> Mapping[str, object]:
        tags = self._by_arn(call.tx, request["resourceArn"]).tags
        shown = [{"key": key, "value": value} for key, value in sorted(tags.items())]
        return PAGES.page(shown, request, "tags", by_member("key"))

    def _by_arn(self, tx: Transaction, arn: str) -> Pipeline:
        return require_pipeline(tx, arn.rsplit(":", 1)[-1])

    @operation("DeletePipeline", accepts="name")
    def delete(self, request: DeletePipelineInputTypeDef, call: Call) -> Mapping[str, object]:
        call.tx.remove(Pipeline, request["name"])
        return {}


def check_declaration(declaration: Mapping[str, Any]) -> None:
    """Raises AwsError for a structure that CodePipeline refuses, NotImplementedHere for what the engine does not have."""
    for action in (action for stage in declaration["stages"] for action in stage["actions"]):
        if action["actionTypeId"]["provider"] == "CodeStarSourceConnection":
            raise NotImplementedHere(
                f"the action {action['name']}, a source by a connection to a Git provider,",
                "a connection belongs to an account: here the source is CodeCommit (SourceProvider CODECOMMIT)",
            )
    _refuse("a pipeline", declaration, PIPELINE_MEMBERS)
    if declaration.get("executionMode", "SUPERSEDED") != "SUPERSEDED":
        raise NotImplementedHere(f"a pipeline with executionMode {declaration['executionMode']}", "SUPERSEDED is")
    stages = declaration["stages"]
    if len(stages) < 2:
        raise AwsError("InvalidStructureException", "Pipeline should have at least 2 stages.")
    names = [stage["name"] for stage in stages]
    if len(set(names)) != len(names):
        raise AwsError("InvalidStructureException", f"Stage names must be unique: {', '.join(names)}.")
    made: set[str] = set()
    for index, stage in enumerate(stages):
        _refuse(f"the stage {stage['name']}", stage, {"name", "actions", "onFailure"})
        _check_failure(stage, index)
        for action in stage["actions"]:
            _check_action(action, index, made)


def _check_failure(stage: Mapping[str, Any], index: int) -> None:
    given = stage.get("onFailure") or {}
    _refuse(f"onFailure of the stage {stage['name']}", given, {"result"})
    if given.get("result") not in (None, "FAIL", "ROLLBACK"):
        raise NotImplementedHere(f"onFailure of the stage {stage['name']} with the result {given['result']}")
    if given.get("result") == "ROLLBACK" and index == 0:
        raise AwsError("InvalidStructureException", f"{stage['name']} is the source stage: it cannot be rolled back.")


def _check_action(action: Mapping[str, Any], stage: int, made: set[str]) -> None:
    _refuse(f"the action {action['name']}", action, ACTION_MEMBERS)
    kind = action["actionTypeId"]
    if (kind["category"], kind["provider"]) not in PROVIDERS:
        raise NotImplementedHere(f"the action type {kind['category']} by {kind['provider']} (action {action['name']})")
    if (kind["category"] == "Source") != (stage == 0):
        raise AwsError(
            "InvalidStructureException", "The first stage holds the source actions, and no other stage does."
        )
    for artifact in action.get("inputArtifacts", ()):
        if artifact["name"] not in made:
            raise AwsError(
                "InvalidActionDeclarationException",
                f"The input artifact {artifact['name']} of the action {action['name']} is made by no earlier action.",
            )
    made.update(artifact["name"] for artifact in action.get("outputArtifacts", ()))


def _refuse(subject: str, given: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(name for name, value in given.items() if name not in known and value not in (None, [], {}))
    if unknown:
        raise NotImplementedHere(f"{subject} with {unknown[0]}")


def _summary(pipeline: Pipeline) -> dict[str, object]:
    return {
        "name": pipeline.key,
        "version": pipeline.version,
        "pipelineType": pipeline.declaration.get("pipelineType", "V1"),
        "executionMode": pipeline.declaration.get("executionMode", "SUPERSEDED"),
        "created": datetime.fromtimestamp(pipeline.created_at, UTC),
        "updated": datetime.fromtimestamp(pipeline.updated_at, UTC),
    }
