"""Each function is there, gets the variables that it reads, and has a role that allows what it calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from tests.aws.project import PROJECT, TEMPLATES, read_template

BASE = "${ProjectPrefix}-${SageMakerProjectName}"
# Where IAM's name of an action is not the operation's.
ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    **dict.fromkeys(
        ("s3:CreateMultipartUpload", "s3:UploadPart", "s3:UploadPartCopy", "s3:CompleteMultipartUpload"), "s3:PutObject"
    ),
    "sagemaker-runtime:InvokeEndpoint": "sagemaker:InvokeEndpoint",
    "stepfunctions:DescribeExecution": "states:DescribeExecution",
}
# Operations of one name in two services, where the other one is meant: Lambda's aliases and CodePipeline's executions, not SageMaker's.
NOT_CALLED = {"sagemaker:ListAliases", "sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"}
PIPELINE = read_template(TEMPLATES["pipeline.yml"].read_text())


def zip_functions() -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Name, main module and properties of each function whose code is a folder."""
    for name in ("sagemaker-custom-resource.yml", "deploy-model-prd.yml"):
        template = read_template(TEMPLATES[name].read_text())
        for logical_id, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in properties:
                folder = (TEMPLATES[name].parent / properties["CodeUri"]).resolve()
                yield logical_id, folder / f"{properties['Handler'].partition('.')[0]}.py", properties


def modules_of(main: Path) -> set[Path]:
    """The module and all of its folder that it imports."""
    found, todo = set(), [main]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            todo += [main.parent / f"{name}.py" for name in names if (main.parent / f"{name}.py").exists()]
    return found


@cache
def operations(service: str) -> dict[str, str]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


def called_actions(main: Path) -> set[str]:
    """IAM's names of what a program calls through boto3, as its text says."""
    trees = [ast.parse(path.read_text()) for path in modules_of(main)]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    clients, calls = set(), set()
    for node in nodes:
        if isinstance(node.func, ast.Attribute) and not ast.unparse(node.func.value).isupper():  # a constant: no client
            first = str(node.args[0].value) if node.args and isinstance(node.args[0], ast.Constant) else ""
            if node.func.attr == "client":
                clients.add(first)
            calls.add(first if node.func.attr == "get_paginator" else node.func.attr)
    found = set()
    for service in clients:
        for call in calls & set(operations(service)):
            action = f"{service}:{operations(service)[call]}"
            found.add(ACTIONS.get(action, action))
    return found - NOT_CALLED


def with_key(actions: set[str]) -> set[str]:
    """The bucket is encrypted: who reads or writes objects uses its key."""
    needed = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"}
    return actions | {needed[action] for action in actions if action in needed}


def allowed_actions(role_suffix: str) -> list[str]:
    """The actions that the role's policies allow, with their wildcards."""
    [(logical_id, role)] = [
        (name, resource["Properties"])
        for name, resource in PIPELINE["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        and resource["Properties"]["RoleName"]["Fn::Sub"] == f"{BASE}-{role_suffix}-${{AWS::Region}}"
    ]
    documents = [policy["PolicyDocument"] for policy in role["Policies"]]
    documents += [
        resource["Properties"]["PolicyDocument"]
        for resource in PIPELINE["Resources"].values()
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": logical_id} in resource["Properties"]["Roles"]
    ]
    statements = [statement for document in documents for statement in document["Statement"]]
    listed = [statement["Action"] for statement in statements if statement["Effect"] == "Allow"]
    return [action for actions in listed for action in ([actions] if isinstance(actions, str) else actions)]


def missing(role_suffix: str, needed: set[str]) -> set[str]:
    allowed = allowed_actions(role_suffix)
    return {action for action in needed if not any(fnmatchcase(action, pattern) for pattern in allowed)}


def role_of(properties: dict[str, Any]) -> str:
    match = re.search(r"\$\{PipelineName}-([\w-]+)-\$\{AWS::Region}", properties["Role"]["Fn::Sub"])
    assert match
    return match[1]


FUNCTIONS = list(zip_functions())
# Variables that somebody else reads.
TOLD = {"ApiZipFunction": {"TRAINING_JOB_NAME"}}  # `mlsystem versions` tells of which run a version is
IDS = [name for name, _, _ in FUNCTIONS]


@pytest.mark.parametrize(("main", "properties"), [(main, properties) for _, main, properties in FUNCTIONS], ids=IDS)
def test_the_handler_exists(main: Path, properties: dict[str, Any]) -> None:
    names = {node.name for node in ast.parse(main.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert properties["Handler"].partition(".")[2] in names


@pytest.mark.parametrize(("name", "main", "properties"), FUNCTIONS, ids=IDS)
def test_the_template_gives_every_variable_that_the_program_reads_and_no_other(
    name: str, main: Path, properties: dict[str, Any]
) -> None:
    text = "".join(path.read_text() for path in modules_of(main))
    read = set(re.findall(r"(?:variables|os\.environ)\[\"(\w+)\"\]", text))
    given = set(properties.get("Environment", {}).get("Variables", {}))
    assert given == read | TOLD.get(name, set())


@pytest.mark.parametrize(("main", "properties"), [(main, properties) for _, main, properties in FUNCTIONS], ids=IDS)
def test_the_role_allows_every_call_of_the_program(main: Path, properties: dict[str, Any]) -> None:
    needed = called_actions(main)
    assert needed
    assert missing(role_of(properties), with_key(needed) | {"logs:PutLogEvents"}) == set()


def test_the_image_function_gets_what_its_program_reads() -> None:
    template = read_template(TEMPLATES["deploy-model-prd.yml"].read_text())
    given = set(template["Resources"]["ApiFunction"]["Properties"]["Environment"]["Variables"])
    text = (PROJECT / "container" / "code" / "lambda_handler.py").read_text()
    required = set(re.findall(r"_required\(environment, \"(\w+)\"\)", text))
    read = set(re.findall(r"environment(?:\.get\(|, )\"(\w+)\"", text))
    assert required <= given <= read
    assert missing("api", {"sagemaker:InvokeEndpoint", "elasticfilesystem:ClientMount", "logs:PutLogEvents"}) == set()


def test_functions_in_the_network_may_connect_to_it_and_mount_the_volume() -> None:
    for role in ("assets", "api"):
        needed = {"ec2:CreateNetworkInterface", "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
        assert missing(role, needed) == set()


def test_the_build_may_do_what_it_does() -> None:
    needed = called_actions(PROJECT / "model" / "run_pipeline.py") | called_actions(PROJECT / "model" / "package.py")
    assert {"codepipeline:GetPipelineState", "s3:PutObject", "ecr:DescribeImages"} <= needed
    assert missing("build", with_key(needed) | {"s3:ListBucket", "ecr:PutImage", "logs:PutLogEvents"}) == set()


def test_the_workflow_may_do_what_its_states_do() -> None:
    text = (PROJECT / "model" / "workflow.asl.json").read_text()
    needed = {"lambda:InvokeFunction", "iam:PassRole", "sagemaker:AddTags"}
    for operation, sync in re.findall(r":::sagemaker:(\w+?)(\.sync)?\"", text):
        name = operation[0].upper() + operation[1:]
        needed.add(f"sagemaker:{name}")
        if sync:
            job = name.removeprefix("Create")
            needed |= {f"sagemaker:Describe{job}", f"sagemaker:Stop{job}", "events:PutRule", "events:PutTargets"}
    assert missing("workflow", needed) == set()


def test_no_role_may_do_everything() -> None:
    for resource in PIPELINE["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            suffix = resource["Properties"]["RoleName"]["Fn::Sub"].removeprefix(f"{BASE}-").partition("-$")[0]
            assert not [action for action in allowed_actions(suffix) if action == "*" or action.endswith(":*")]
