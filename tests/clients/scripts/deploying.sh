# shellcheck shell=bash disable=SC2016 source=tests/clients/scripts/asserting.sh
# Functions, workflows and stacks.
source "$SCRIPTS/asserting.sh"
own="$CLI-$NAME"

cat >app.py <<'END'
def handler(event, context):
    return {"version": context.function_version, "sum": sum(event["numbers"])}
END
python3 -m zipfile -c app.zip app.py
is "$own" aws lambda create-function --function-name "$own" --runtime python3.11 --handler app.handler --role "$ROLE" --zip-file fileb://app.zip --query FunctionName --output text
is "" aws lambda wait function-active-v2 --function-name "$own"
echo '{"numbers": [1, 2]}' >event.json
is 200 aws lambda invoke --function-name "$own" --payload fileb://event.json answer.json --query StatusCode --output text
is '{"version": "$LATEST", "sum": 3}' cat answer.json
has 'REPORT RequestId' base64 -d <(aws lambda invoke --function-name "$own" --payload fileb://event.json --log-type Tail answer.json --query LogResult --output text)
is 1 aws lambda publish-version --function-name "$own" --query Version --output text
has ":$own:live" aws lambda create-alias --function-name "$own" --name live --function-version 1
is 1 aws lambda invoke --function-name "$own:live" --payload fileb://event.json answer.json --query ExecutedVersion --output text
aws lambda update-function-code --function-name "$own" --zip-file fileb://app.zip >/dev/null
is "" aws lambda wait function-updated-v2 --function-name "$own"
is "live" aws lambda list-aliases --function-name "$own" --query 'Aliases[].Name' --output text

definition='{"StartAt": "Double", "States": {"Double": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.n * 2 %}", "End": true}}}'
machine="$(aws stepfunctions create-state-machine --name "$own" --role-arn "$ROLE" --definition "$definition" --query stateMachineArn --output text)"
execution="$(aws stepfunctions start-execution --state-machine-arn "$machine" --input '{"n": 21}' --query executionArn --output text)"
settles SUCCEEDED aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text
is 42 aws stepfunctions describe-execution --execution-arn "$execution" --query output --output text
is ExecutionSucceeded aws stepfunctions get-execution-history --execution-arn "$execution" --reverse-order --no-paginate --max-results 1 --query 'events[0].type' --output text
aws stepfunctions delete-state-machine --state-machine-arn "$machine"

cat >template.yaml <<'END'
Parameters:
  Words: {Type: String, Default: one}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Words}
Outputs:
  Topic: {Value: !Ref Topic}
END
has 'Words' aws cloudformation validate-template --template-body file://template.yaml
has 'Successfully created/updated stack' aws cloudformation deploy --stack-name "$own" --template-file template.yaml --tags team=delays
# The CLI names a change set after the second in which it makes it.
second="$(date +%s)"
until [[ "$(date +%s)" -gt "$second" ]]; do :; done
has 'No changes to deploy' aws cloudformation deploy --stack-name "$own" --template-file template.yaml --tags team=delays --no-fail-on-empty-changeset
aws cloudformation create-change-set --stack-name "$own" --change-set-name second --use-previous-template --parameters ParameterKey=Words,ParameterValue=two >/dev/null
settles CREATE_COMPLETE aws cloudformation describe-change-set --stack-name "$own" --change-set-name second --query Status --output text
is "" aws cloudformation wait change-set-create-complete --stack-name "$own" --change-set-name second
is $'Modify\tTopic' aws cloudformation describe-change-set --stack-name "$own" --change-set-name second --query 'Changes[].ResourceChange.[Action,LogicalResourceId]' --output text
aws cloudformation execute-change-set --stack-name "$own" --change-set-name second
settles UPDATE_COMPLETE aws cloudformation describe-stacks --stack-name "$own" --query 'Stacks[0].StackStatus' --output text
is "" aws cloudformation wait stack-update-complete --stack-name "$own"
topic="$(aws cloudformation describe-stacks --stack-name "$own" --query 'Stacks[0].Outputs[?OutputKey==`Topic`].OutputValue' --output text)"
is two aws sns get-topic-attributes --topic-arn "$topic" --query Attributes.DisplayName --output text
has UPDATE_COMPLETE aws cloudformation describe-stack-events --stack-name "$own" --max-items 5 --output table
aws cloudformation delete-stack --stack-name "$own"
refused 'does not exist' settles gone aws cloudformation describe-stacks --stack-name "$own" --query 'Stacks[0].StackName' --output text
is "" aws cloudformation wait stack-delete-complete --stack-name "$own"
aws lambda delete-function --function-name "$own"
