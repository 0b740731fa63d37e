# shellcheck shell=bash source=tests/clients/scripts/asserting.sh
# Metrics and alarms, messages, secrets, and the registry of images.
source "$SCRIPTS/asserting.sh"
own="$CLI-$NAME"

aws cloudwatch put-metric-data --namespace "$own" --metric-name Delays --value 3 --dimensions Carrier=AA
aws cloudwatch put-metric-data --namespace "$own" --metric-data MetricName=Delays,Value=5,Unit=None,Dimensions='[{Name=Carrier,Value=AA}]'
is Delays aws cloudwatch list-metrics --namespace "$own" --query 'Metrics[].MetricName' --output text
cat >queries.json <<END
[
    {"Id": "delays", "ReturnData": false, "MetricStat": {"Stat": "Sum", "Period": 3600, "Metric": {"Namespace": "$own", "MetricName": "Delays", "Dimensions": [{"Name": "Carrier", "Value": "AA"}]}}},
    {"Id": "doubled", "Expression": "SUM(METRICS()) * 2"}
]
END
now="$(date +%s)"
aws cloudwatch get-metric-data --metric-data-queries file://queries.json --start-time "$((now - 3600))" --end-time "$((now + 3600))" >found.json
# The hour may have changed between the two.
python3 -c 'import json; [one] = json.load(open("found.json"))["MetricDataResults"]; assert (one["Id"], sum(one["Values"])) == ("doubled", 16), one'
is "" aws cloudwatch wait alarm-exists --alarm-names "$(
    aws cloudwatch put-metric-alarm --alarm-name "$own" --namespace "$own" --metric-name Delays --dimensions Name=Carrier,Value=AA \
        --statistic Maximum --period 60 --evaluation-periods 1 --threshold 100 --comparison-operator GreaterThanThreshold
    echo "$own"
)"
aws cloudwatch set-alarm-state --alarm-name "$own" --state-value ALARM --state-reason "a drill"
has "a drill|Alarm updated" aws cloudwatch describe-alarm-history --alarm-name "$own" --history-item-type StateUpdate --output table
is "$own" aws cloudwatch describe-alarms --alarm-name-prefix "$own" --query 'MetricAlarms[].AlarmName' --output text
aws cloudwatch delete-alarms --alarm-names "$own"

topic="$(aws sns create-topic --name "$own" --query TopicArn --output text)"
has 'pending confirmation|arn:' aws sns subscribe --topic-arn "$topic" --protocol email --notification-endpoint who@example.com
has 'MessageId' aws sns publish --topic-arn "$topic" --subject Delays --message 'there are some'
is who@example.com aws sns list-subscriptions-by-topic --topic-arn "$topic" --query 'Subscriptions[].Endpoint' --output text
aws sns delete-topic --topic-arn "$topic"

has "$own" aws secretsmanager create-secret --name "$own" --secret-string '{"token":"one"}'
aws secretsmanager put-secret-value --secret-id "$own" --secret-string '{"token":"two"}' >/dev/null
is '{"token":"two"}' aws secretsmanager get-secret-value --secret-id "$own" --query SecretString --output text
is '{"token":"one"}' aws secretsmanager get-secret-value --secret-id "$own" --version-stage AWSPREVIOUS --query SecretString --output text
has "$own" aws secretsmanager delete-secret --secret-id "$own" --force-delete-without-recovery

password="$(aws ecr get-login-password)"
[[ -n "$password" ]]
is "$NAME" aws ecr describe-repositories --repository-names "$NAME" --query 'repositories[].repositoryName' --output text
is latest aws ecr describe-images --repository-name "$NAME" --query 'imageDetails[].imageTags[]' --output text

aws logs create-log-group --log-group-name "$own"
aws logs create-log-stream --log-group-name "$own" --log-stream-name today
aws logs put-log-events --log-group-name "$own" --log-stream-name today \
    --log-events "timestamp=${now}000,message=a line" "timestamp=${now}001,message=another" >/dev/null
is $'a line\tanother' aws logs get-log-events --log-group-name "$own" --log-stream-name today --start-from-head --query 'events[].message' --output text
is another aws logs filter-log-events --log-group-name "$own" --filter-pattern another --page-size 1 --query 'events[].message' --output text
aws logs delete-log-group --log-group-name "$own"
