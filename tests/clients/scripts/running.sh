# shellcheck shell=bash source=tests/clients/scripts/asserting.sh
# A look at a system in production: its pipeline, its workflow, its deployments, its stacks, its scaling. Changes nothing.
source "$SCRIPTS/asserting.sh"

pipeline="$(aws codepipeline list-pipelines --query 'pipelines[].name' --output text)"
execution="$(aws codepipeline list-pipeline-executions --pipeline-name "$pipeline" --query 'pipelineExecutionSummaries[?status==`Succeeded`].pipelineExecutionId' --output text)"
is $'Source\tBuild\tTrain\tDeployDev\tDeployPrd' aws codepipeline get-pipeline-state --name "$pipeline" \
    --query 'stageStates[?latestExecution.status==`Succeeded`].stageName' --output text
is ApproveDeployment aws codepipeline list-action-executions --pipeline-name "$pipeline" --filter "pipelineExecutionId=$execution" \
    --page-size 2 --query 'actionExecutionDetails[?input.actionTypeId.provider==`Manual`].actionName' --output text
refused StageNotRetryableException aws codepipeline retry-stage-execution --pipeline-name "$pipeline" --stage-name Train \
    --pipeline-execution-id "$execution" --retry-mode FAILED_ACTIONS

machine="$(aws stepfunctions list-state-machines --query 'stateMachines[].stateMachineArn' --output text)"
run="$(aws stepfunctions list-executions --state-machine-arn "$machine" --status-filter SUCCEEDED --query 'executions[].executionArn' --output text)"
is ExecutionSucceeded aws stepfunctions get-execution-history --execution-arn "$run" --reverse-order --query 'events[0].type' --output text

application="$(aws deploy list-applications --query applications --output text)"
group="$(aws deploy list-deployment-groups --application-name "$application" --query deploymentGroups --output text)"
has CodeDeployDefault.Lambda aws deploy get-deployment-group --application-name "$application" --deployment-group-name "$group" \
    --query deploymentGroupInfo.deploymentConfigName --output text
is "$pipeline-deploy-prd" aws cloudformation describe-stack-resources --physical-resource-id "$application" --query 'StackResources[0].StackName' --output text
is CREATE_COMPLETE aws cloudformation describe-stack-events --stack-name "$pipeline-deploy-prd" --query 'StackEvents[0].ResourceStatus' --output text

target="$(aws application-autoscaling describe-scalable-targets --service-namespace sagemaker --query 'ScalableTargets[].ResourceId' --output text)"
has 'TargetTrackingScaling' aws application-autoscaling describe-scaling-policies --service-namespace sagemaker --resource-id "$target" \
    --query 'ScalingPolicies[].PolicyType' --output text
is '[]' jsonless aws application-autoscaling describe-scaling-activities --service-namespace sagemaker --resource-id "$target" --query ScalingActivities
