# shellcheck shell=bash disable=SC2016 source=tests/clients/scripts/asserting.sh
# A model is trained, put in service and asked; what its programs print is read.
source "$SCRIPTS/asserting.sh"
own="$CLI-$NAME"
group=/aws/sagemaker/TrainingJobs

printf 'a,1\nb,2\n' | aws s3 cp - "s3://$NAME/$CLI/train/train.csv"
# The skeleton that the CLI writes is filled in, and given back to it.
aws sagemaker create-training-job --generate-cli-skeleton >skeleton.json
grep -q '"TrainingJobName": ""' skeleton.json
cat >job.json <<END
{
    "TrainingJobName": "$own",
    "HyperParameters": {"rounds": "7"},
    "AlgorithmSpecification": {"TrainingImage": "$IMAGE", "TrainingInputMode": "File"},
    "RoleArn": "$ROLE",
    "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://$NAME/$CLI/train/"}}}],
    "OutputDataConfig": {"S3OutputPath": "s3://$NAME/$CLI/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600}
}
END
has 'TrainingJobArn' aws sagemaker create-training-job --cli-input-json file://job.json --generate-cli-skeleton output
refused 'Requested resource not found' aws sagemaker describe-training-job --training-job-name "$own"
is "arn:aws:sagemaker:us-east-1:000000000000:training-job/$own" \
    aws sagemaker create-training-job --cli-input-json file://job.json --tags Key=team,Value=delays --query TrainingJobArn --output text
refused 'ResourceInUse' aws sagemaker create-training-job --cli-input-json file://job.json
settles Completed aws sagemaker describe-training-job --training-job-name "$own" --query TrainingJobStatus --output text
is "" aws sagemaker wait training-job-completed-or-stopped --training-job-name "$own"
is $'Completed\t7' aws sagemaker describe-training-job --training-job-name "$own" --query '[TrainingJobStatus,HyperParameters.rounds]' --output text
is "$own" aws sagemaker list-training-jobs --name-contains "$own" --status-equals Completed --query 'TrainingJobSummaries[].TrainingJobName' --output text
has '\| +Completed' aws sagemaker list-training-jobs --name-contains "$own" --no-paginate --max-results 1 --output table
is delays aws sagemaker list-tags --resource-arn "arn:aws:sagemaker:us-east-1:000000000000:training-job/$own" --query 'Tags[?Key==`team`].Value' --output text
has 'trained 7 rounds on 2 rows' aws logs filter-log-events --log-group-name "$group" --log-stream-name-prefix "$own" --filter-pattern '"7 rounds"' --query 'events[].message' --output text

artifact="$(aws sagemaker describe-training-job --training-job-name "$own" --query ModelArtifacts.S3ModelArtifacts --output text)"
has ":model/$own" aws sagemaker create-model --model-name "$own" --execution-role-arn "$ROLE" --primary-container "Image=$IMAGE,ModelDataUrl=$artifact"
has ":endpoint-config/$own" aws sagemaker create-endpoint-config --endpoint-config-name "$own" \
    --production-variants "VariantName=AllTraffic,ModelName=$own,InitialInstanceCount=1,InstanceType=ml.m5.large"
has ":endpoint/$own" aws sagemaker create-endpoint --endpoint-name "$own" --endpoint-config-name "$own"
settles InService aws sagemaker describe-endpoint --endpoint-name "$own" --query EndpointStatus --output text
is "" aws sagemaker wait endpoint-in-service --endpoint-name "$own"
printf '1,2\n3,4' >rows.csv
is "AllTraffic" aws sagemaker-runtime invoke-endpoint --endpoint-name "$own" --content-type text/csv --body fileb://rows.csv answer.csv --query InvokedProductionVariant --output text
is $'3.0\n7.0' cat answer.csv
refused 'Endpoint .* not found' aws sagemaker-runtime invoke-endpoint --endpoint-name no-such --body fileb://rows.csv answer.csv
resource="endpoint/$own/variant/AllTraffic"
dimension=sagemaker:variant:DesiredInstanceCount
aws application-autoscaling register-scalable-target --service-namespace sagemaker --resource-id "$resource" --scalable-dimension "$dimension" --min-capacity 1 --max-capacity 2 >/dev/null
is 2 aws application-autoscaling describe-scalable-targets --service-namespace sagemaker --resource-ids "$resource" --query 'ScalableTargets[0].MaxCapacity' --output text
aws application-autoscaling put-scaling-policy --service-namespace sagemaker --resource-id "$resource" --scalable-dimension "$dimension" \
    --policy-name busy --policy-type TargetTrackingScaling --target-tracking-scaling-policy-configuration \
    'TargetValue=100,PredefinedMetricSpecification={PredefinedMetricType=SageMakerVariantInvocationsPerInstance}' >/dev/null
is busy aws application-autoscaling describe-scaling-policies --service-namespace sagemaker --resource-id "$resource" --query 'ScalingPolicies[].PolicyName' --output text
aws application-autoscaling deregister-scalable-target --service-namespace sagemaker --resource-id "$resource" --scalable-dimension "$dimension"
aws sagemaker delete-endpoint --endpoint-name "$own"
refused 'Could not find endpoint' settles gone aws sagemaker describe-endpoint --endpoint-name "$own"
is "" aws sagemaker wait endpoint-deleted --endpoint-name "$own"
aws sagemaker delete-endpoint-config --endpoint-config-name "$own"
aws sagemaker delete-model --model-name "$own"
