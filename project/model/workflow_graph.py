"""workflow-graph.yml: the CloudFormation template around workflow.asl.json.

The workflow itself holds no ARN: it names what it needs as `${Name}`, and the template says what that is in the account
and region where the stack is made. A name that only one side knows is refused here, as Step Functions would accept it
and fail when the state runs.
"""

from __future__ import annotations

import re
from typing import Any

from build_error import BuildError

_ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${PipelineName}-%s-${AWS::Region}"
_FUNCTION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${PipelineName}-%s"

SUBSTITUTIONS: dict[str, Any] = {
    "Partition": {"Ref": "AWS::Partition"},
    "KmsKeyArn": {"Ref": "KmsKeyArn"},
    "SageMakerRoleArn": {"Fn::Sub": _ROLE % "sagemaker"},
    "CreateExperimentFunctionArn": {"Fn::Sub": _FUNCTION % "create-experiment"},
    "FindChampionFunctionArn": {"Fn::Sub": _FUNCTION % "find-champion"},
    "QueryEvaluationFunctionArn": {"Fn::Sub": _FUNCTION % "query-evaluation"},
    "QueryTrainingFunctionArn": {"Fn::Sub": _FUNCTION % "query-training"},
}


def workflow_template(definition: str, location: str) -> dict[str, Any]:
    """The template, with the definition at `location`, which package.py puts into S3."""
    used = set(re.findall(r"\$\{(\w+)}", definition))
    if used != set(SUBSTITUTIONS):
        raise BuildError(
            f"workflow.asl.json uses {', '.join(sorted(used))} in ${{}}; it must use {', '.join(sorted(SUBSTITUTIONS))}"
        )
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The training workflow of the pipeline. Written by model/run_pipeline.py.",
        "Parameters": {
            "PipelineName": {
                "Type": "String",
                "Description": "Name of the pipeline, and of the state machine.",
                "AllowedPattern": "^[a-z0-9](-*[a-z0-9]){0,26}$",
            },
            "KmsKeyArn": {
                "Type": "String",
                "Description": "Key that encrypts what the jobs write.",
                "AllowedPattern": r"^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$",
            },
        },
        "Resources": {
            "Workflow": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": {"Ref": "PipelineName"},
                    "StateMachineType": "STANDARD",
                    "RoleArn": {"Fn::Sub": _ROLE % "workflow"},
                    "DefinitionS3Location": location,
                    "DefinitionSubstitutions": SUBSTITUTIONS,
                },
            }
        },
        "Outputs": {
            "StateMachineArn": {"Description": "The training workflow.", "Value": {"Ref": "Workflow"}},
        },
    }
