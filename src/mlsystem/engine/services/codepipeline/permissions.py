"""What CodePipeline's operations ask: pipelines, stages and actions, each named below the one that holds it.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, given, on, passes

ROOT = "arn:${Partition}:codepipeline:${Region}:${Account}:"
DECLARED = ROOT + "${pipeline.name}"
NAMED = ROOT + "${name}"
PIPELINE = ROOT + "${pipelineName}"
STAGE = PIPELINE + "/${stageName}"
ACTION = STAGE + "/${actionName}"
SERVICE = "codepipeline.amazonaws.com"
ROLES = [passes("pipeline.roleArn", SERVICE), passes("pipeline.stages.actions.roleArn", SERVICE)]

PERMISSIONS = Permissions(
    "codepipeline",
    {
        # pipelines
        "CreatePipeline": [on(DECLARED), given("tags", on(DECLARED, action="TagResource")), *ROLES],
        "UpdatePipeline": [on(DECLARED), *ROLES],
        "DeletePipeline": [on(NAMED)],
        "GetPipeline": [on(NAMED)],
        "GetPipelineState": [on(NAMED)],
        "ListPipelines": [on(ANY)],
        "ListActionTypes": [on(ANY)],
        "TagResource": [on("${resourceArn}")],
        "UntagResource": [on("${resourceArn}")],
        "ListTagsForResource": [on("${resourceArn}")],
        # executions
        "StartPipelineExecution": [on(NAMED)],
        "StopPipelineExecution": [on(PIPELINE)],
        "GetPipelineExecution": [on(PIPELINE)],
        "ListPipelineExecutions": [on(PIPELINE)],
        "ListActionExecutions": [on(PIPELINE)],
        # stages
        "EnableStageTransition": [on(STAGE)],
        "DisableStageTransition": [on(STAGE)],
        "RetryStageExecution": [on(STAGE)],
        "RollbackStage": [on(STAGE)],
        "PutApprovalResult": [on(ACTION)],
        # jobs of Invoke actions
        "PutJobSuccessResult": [on(ANY)],
        "PutJobFailureResult": [on(ANY)],
    },
)
