"""What each action provider does: starts its work, keyed by the action's run, so that starting it again starts nothing new.

A provider answers with what it started, or with the end where there is nothing to wait for. Configuration keys and output variables are
those of https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.permission import ANY
from mlsystem.engine.services.codepipeline.approval_mail import approval_mail
from mlsystem.engine.services.codepipeline.executions import job_uuid
from mlsystem.engine.services.codepipeline.source_revisions import COMMIT, OBJECT_KEY, OBJECT_VERSION
from mlsystem.engine.services.codepipeline.work import Answer, Work, failed, succeeded

T = TypeVar("T")
STACK_ENDED_WELL = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}


Provider = Callable[[Work], Answer]


def codecommit_source(work: Work) -> Answer:
    """The branch's head or the commit that was chosen, zipped."""
    repository, branch = work.setting("RepositoryName"), work.setting("BranchName")
    found = work.call("codecommit", "GetBranch", {"repositoryName": repository, "branchName": branch})
    commit_id = work.chosen(COMMIT) or found["branch"]["commitId"]
    commit = work.call("codecommit", "GetCommit", {"repositoryName": repository, "commitId": commit_id})["commit"]
    arn = work.house.scope.arn("codecommit", repository)
    work.demand(("codecommit:UploadArchive", arn), ("codecommit:GetUploadArchiveStatus", arn))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        _add_folder(work, archive, repository, commit_id, "/")
    place = work.write_artifact(work.outputs[0], stream.getvalue())
    variables = {
        "RepositoryName": repository,
        "BranchName": branch,
        "CommitId": commit_id,
        "CommitMessage": commit["message"],
        "AuthorDate": commit["author"]["date"],
        "CommitterDate": commit["committer"]["date"],
    }
    revision = {"revisionId": commit_id, "revisionSummary": commit["message"]}
    return succeeded(artifacts={work.outputs[0]: place}, variables=variables, revision=revision, external_id=commit_id)


def _read(work: Work, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """CodeCommit packs the archive itself, for who may have it uploaded."""
    try:
        return work.house.call("codecommit", operation, request)
    except AwsError as error:
        raise ActionFailed(f"codecommit:{operation}: {error.message}", error.code) from error


def _add_folder(work: Work, archive: zipfile.ZipFile, repository: str, commit: str, path: str) -> None:
    request = {"repositoryName": repository, "commitSpecifier": commit, "folderPath": path}
    folder = _read(work, "GetFolder", request)
    for file in folder["files"]:
        blob = _read(work, "GetBlob", {"repositoryName": repository, "blobId": file["blobId"]})
        item = zipfile.ZipInfo(file["absolutePath"])
        item.external_attr = (0o755 if file["fileMode"] == "EXECUTABLE" else 0o644) << 16
        item.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(item, blob["content"])
    for child in folder["subFolders"]:
        _add_folder(work, archive, repository, commit, child["absolutePath"])


def s3_source(work: Work) -> Answer:
    """The object's current version, or the one that was chosen."""
    bucket, key = work.setting("S3Bucket"), work.chosen(OBJECT_KEY) or work.setting("S3ObjectKey")
    if work.call("s3", "GetBucketVersioning", {"Bucket": bucket}).get("Status") != "Enabled":
        return failed(f"the bucket {bucket} has no versioning, which the source action needs", "ConfigurationError")
    chosen = work.chosen(OBJECT_VERSION)
    version = chosen or work.call("s3", "HeadObject", {"Bucket": bucket, "Key": key})["VersionId"]
    found = work.call("s3", "GetObject", {"Bucket": bucket, "Key": key, "VersionId": version})
    place = work.write_artifact(work.outputs[0], found["Body"].read())
    variables = {
        "BucketName": bucket,
        "ObjectKey": key,
        "VersionId": found["VersionId"],
        "ETag": found["ETag"].strip('"'),
    }
    revision = {"revisionId": found["VersionId"], "revisionSummary": f"Amazon S3 version id: {found['VersionId']}"}
    return succeeded(
        artifacts={work.outputs[0]: place}, variables=variables, revision=revision, external_id=found["VersionId"]
    )


def codebuild(work: Work) -> Answer:
    inputs = [artifact["name"] for artifact in work.action.get("inputArtifacts", ())]
    primary = work.configuration.get("PrimarySource", inputs[0])
    places = work.execution.artifacts
    request: dict[str, Any] = {
        "projectName": work.setting("ProjectName"),
        "idempotencyToken": work.run.id,
        "sourceTypeOverride": "S3",
        "sourceLocationOverride": "/".join(places[primary]),
        "secondarySourcesOverride": [
            {"type": "S3", "location": "/".join(places[name]), "sourceIdentifier": name}
            for name in inputs
            if name != primary
        ],
        "sourceVersion": _source_version(work, primary),
        "environmentVariablesOverride": _json(
            list, work.configuration.get("EnvironmentVariables", "[]"), "EnvironmentVariables"
        ),
        "artifactsOverride": {"type": "NO_ARTIFACTS"},
    }
    artifacts = {}
    if work.outputs:
        bucket, key = work.output_place(work.outputs[0])
        folder, _, name = key.rpartition("/")
        request["artifactsOverride"] = {
            "type": "S3",
            "location": bucket,
            "path": folder,
            "name": name,
            "packaging": "ZIP",
        }
        artifacts = {work.outputs[0]: (bucket, key)}
    build = work.call("codebuild", "StartBuild", request)["build"]
    return Answer({"external_id": build["id"], "artifacts": artifacts})


def _source_version(work: Work, artifact: str) -> str:
    """The revision that the primary source was made from."""
    run = next((run for run in work.execution.runs if artifact in run.artifacts), None)
    return run.revision.get("revisionId", "") if run else ""


def cloudformation(work: Work) -> Answer:
    """CREATE_UPDATE and DELETE_ONLY. The stack is asked with the run's id as its token, so a repetition changes nothing."""
    mode, name = work.setting("ActionMode"), work.setting("StackName")
    token = {"ClientRequestToken": job_uuid(work.run.id)}
    if mode == "DELETE_ONLY":
        work.call("cloudformation", "DeleteStack", {"StackName": name, **token})
        return Answer({"external_id": name})
    if mode != "CREATE_UPDATE":
        return failed(
            f"the ActionMode {mode} is not implemented by the local engine; CREATE_UPDATE and DELETE_ONLY are"
        )
    request = {**_stack_request(work), "StackName": name, **token}
    try:
        answer = work.house.call(
            "cloudformation", "UpdateStack" if _stack_status(work, name) else "CreateStack", request, work.principal
        )
    except AwsError as error:
        if "No updates are to be performed" in error.message:
            return stack_answer(work, name)
        raise ActionFailed(error.message, error.code) from error
    return Answer({"external_id": answer["StackId"]})


def _stack_request(work: Work) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    tags: dict[str, str] = {}
    if "TemplateConfiguration" in work.configuration:
        place = work.configuration["TemplateConfiguration"]
        configuration = _json(dict, work.read_text(place), place)
        parameters.update(_object(configuration.get("Parameters", {}), f"Parameters of {place}"))
        tags.update(_object(configuration.get("Tags", {}), f"Tags of {place}"))
    parameters.update(_json(dict, work.configuration.get("ParameterOverrides", "{}"), "ParameterOverrides"))
    capabilities = work.configuration.get("Capabilities", "")
    role = {"RoleARN": work.configuration["RoleArn"]} if "RoleArn" in work.configuration else {}
    return {
        "TemplateBody": work.read_text(work.setting("TemplatePath")),
        "Parameters": [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "Capabilities": [item.strip() for item in capabilities.split(",") if item.strip()],
        **role,
    }


def _json(kind: type[T], text: str, what: str) -> T:
    """The object or the list of a JSON text. Raises ActionFailed, naming what it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ActionFailed(f"{what} is not JSON: {error}", "ConfigurationError") from error
    if not isinstance(found, kind):
        raise ActionFailed(f"{what} is no JSON {'object' if kind is dict else 'list'}", "ConfigurationError")
    return found


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ActionFailed(f"{what} are no JSON object", "ConfigurationError")
    return value


def _stack_status(work: Work, name: str) -> str | None:
    try:
        stacks = work.house.call("cloudformation", "DescribeStacks", {"StackName": name}, work.principal)["Stacks"]
    except AwsError as error:
        if "does not exist" in error.message:
            return None
        raise ActionFailed(error.message, error.code) from error
    status = str(stacks[0]["StackStatus"])
    return None if status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS") else status


def stack_answer(work: Work, stack: str) -> Answer:
    """How a stack stands: its outputs as variables, or why it failed."""
    found = work.call("cloudformation", "DescribeStacks", {"StackName": stack})["Stacks"][0]
    variables = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
    status = found["StackStatus"]
    if status in STACK_ENDED_WELL:
        return succeeded(
            external_id=found["StackId"], variables=variables, summary=f"Stack {found['StackName']}: {status}"
        )
    if status.endswith("_IN_PROGRESS"):
        return Answer({"external_id": found["StackId"]})
    reason = found.get("StackStatusReason", "")
    return failed(f"Stack {found['StackName']} is {status}. {reason}".strip(), external_id=found["StackId"])


def step_functions(work: Work) -> Answer:
    machine = work.setting("StateMachineArn")
    work.demand(("states:DescribeStateMachine", machine))
    prefix = work.configuration.get("ExecutionNamePrefix", "")
    suffix = job_uuid(work.run.id)
    name = f"{prefix}-{suffix}" if prefix else suffix
    text = work.configuration.get("Input", "{}")
    if work.configuration.get("InputType", "Literal") == "FilePath":
        artifact = work.action["inputArtifacts"][0]["name"]
        text = work.read_text(text if "::" in text else f"{artifact}::{text}")
    try:
        answer = work.house.call(
            "stepfunctions", "StartExecution", {"stateMachineArn": machine, "name": name, "input": text}, work.principal
        )
        arn = str(answer["executionArn"])
    except AwsError as error:
        if error.code != "ExecutionAlreadyExists":
            raise ActionFailed(error.message, error.code) from error
        # The name is this run's own: it was started before a crash, and has ended since.
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    return Answer({"external_id": arn, "variables": {"StateMachineArn": machine, "ExecutionArn": arn}})


def invoke_lambda(work: Work) -> Answer:
    """The function gets a job, and ends it through PutJobSuccessResult or PutJobFailureResult."""
    job = job_uuid(work.run.id)
    configuration = {
        "FunctionName": work.setting("FunctionName"),
        "UserParameters": work.configuration.get("UserParameters", ""),
    }
    places = work.execution.artifacts
    inputs = [
        {
            "name": item["name"],
            "location": {
                "type": "S3",
                "s3Location": dict(zip(("bucketName", "objectKey"), places[item["name"]], strict=True)),
            },
        }
        for item in work.action.get("inputArtifacts", ())
    ]
    data = {"actionConfiguration": {"configuration": configuration}, "inputArtifacts": inputs, "outputArtifacts": []}
    event = {"CodePipeline.job": {"id": job, "accountId": work.house.scope.account, "data": data}}
    request = {
        "FunctionName": configuration["FunctionName"],
        "InvocationType": "Event",
        "Payload": json.dumps(event).encode(),
    }
    work.demand(("lambda:ListFunctions", ANY))
    work.call("lambda", "Invoke", request)
    return Answer({"external_id": job})


def manual_approval(work: Work) -> Answer:
    """Waits for PutApprovalResult; whoever listens to the topic is told what to decide.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html
    """
    token = job_uuid(f"{work.run.id}/token")
    topic = work.configuration.get("NotificationArn")
    if topic:
        approval = {
            "pipelineName": work.execution.parent,
            "stageName": work.run.stage,
            "actionName": work.run.action,
            "token": token,
            "customData": work.configuration.get("CustomData", ""),
            "externalEntityLink": work.configuration.get("ExternalEntityLink"),
        }
        subject = f"APPROVAL NEEDED: AWS CodePipeline {work.execution.parent} for action {work.run.action}"[:100]
        region = work.house.scope.region
        document = json.dumps({"region": region, "approval": approval})
        message = json.dumps({"default": document, "email": approval_mail(region, approval)})
        request = {"TopicArn": topic, "Subject": subject, "Message": message, "MessageStructure": "json"}
        work.call("sns", "Publish", request)
    return Answer({"token": token, "summary": work.configuration.get("CustomData", "")})


PROVIDERS: Mapping[str, Provider] = {
    "CodeCommit": codecommit_source,
    "S3": s3_source,
    "CodeBuild": codebuild,
    "CloudFormation": cloudformation,
    "StepFunctions": step_functions,
    "Lambda": invoke_lambda,
    "Manual": manual_approval,
}
