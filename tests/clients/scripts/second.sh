# shellcheck shell=bash disable=SC2016 source=tests/clients/scripts/asserting.sh
# What version 2 of the CLI does in a way of its own: logs are followed, YAML, blobs as base64, files sent by its transfer manager.
source "$SCRIPTS/asserting.sh"
own="$CLI-$NAME"

has '^Arn: arn:aws:iam::000000000000:root' aws sts get-caller-identity --output yaml
has 'endpoint_url|ENDPOINT_URL|access_key.*env' aws configure list
head -c 20000000 /dev/zero >large.bin
aws s3 cp large.bin "s3://$NAME/$own/large.bin" --only-show-errors
aws s3 sync "s3://$NAME/$own" again --only-show-errors
cmp large.bin again/large.bin
is piped curl -sf "$(echo piped | aws s3 cp - "s3://$NAME/$own/piped" && aws s3 presign "s3://$NAME/$own/piped")"
has 'delete: ' aws s3 rm "s3://$NAME/$own" --recursive

aws logs create-log-group --log-group-name "$own"
aws logs create-log-stream --log-group-name "$own" --log-stream-name today
aws logs put-log-events --log-group-name "$own" --log-stream-name today --log-events "timestamp=$(date +%s)000,message=a line" >/dev/null
has 'today.* a line' aws logs tail "$own" --since 1h
is "" aws logs tail "$own" --since 1h --filter-pattern nothing-says-this
# It never ends by itself.
has 'T[0-9:]+ a line' eval 'timeout 5 aws logs tail "$own" --follow --since 10m --format short || [[ $? == 124 ]]'

cat >app.py <<'END'
def handler(event, context):
    return sum(event["numbers"])
END
python3 -m zipfile -c app.zip app.py
aws lambda create-function --function-name "$own" --runtime python3.11 --handler app.handler --role "$ROLE" --zip-file fileb://app.zip >/dev/null
is "" aws lambda wait function-active-v2 --function-name "$own"
is 200 aws lambda invoke --function-name "$own" --cli-binary-format raw-in-base64-out --payload '{"numbers": [1, 2]}' answer.json --query StatusCode
is 200 aws lambda invoke --function-name "$own" --payload "$(base64 -w0 <<<'{"numbers": [1, 2]}')" answer.json --query StatusCode
is 3 cat answer.json
aws lambda delete-function --function-name "$own"
