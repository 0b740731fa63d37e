"""What CloudWatch's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, given, on

ALARM = "arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmName}"
ALARMS = "arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmNames}"
DASHBOARD = "arn:${Partition}:cloudwatch::${Account}:dashboard/${DashboardName}"
DASHBOARDS = "arn:${Partition}:cloudwatch::${Account}:dashboard/${DashboardNames}"

PERMISSIONS = Permissions(
    "cloudwatch",
    {
        # metrics
        "PutMetricData": [on(ANY, keys={"cloudwatch:namespace": "Namespace"})],
        "GetMetricData": [on(ANY)],
        "GetMetricStatistics": [on(ANY)],
        "ListMetrics": [on(ANY)],
        # alarms
        "PutMetricAlarm": [
            on(ALARM, keys={"cloudwatch:AlarmActions": "AlarmActions"}),
            given("Tags", on(ALARM, action="TagResource")),
        ],
        "PutCompositeAlarm": [
            on(ALARM, keys={"cloudwatch:AlarmActions": "AlarmActions"}),
            given("Tags", on(ALARM, action="TagResource")),
        ],
        "DeleteAlarms": [on(ALARMS)],
        "DescribeAlarms": [on(ALARMS)],
        "DescribeAlarmHistory": [on(ALARM)],
        "DescribeAlarmsForMetric": [on(ANY)],
        "DisableAlarmActions": [on(ALARMS)],
        "EnableAlarmActions": [on(ALARMS)],
        "SetAlarmState": [on(ALARM)],
        # dashboards
        "PutDashboard": [on(DASHBOARD)],
        "GetDashboard": [on(DASHBOARD)],
        "DeleteDashboards": [on(DASHBOARDS)],
        "ListDashboards": [on(ANY)],
        # tags
        "ListTagsForResource": [on("${ResourceARN}")],
        "TagResource": [on("${ResourceARN}")],
        "UntagResource": [on("${ResourceARN}")],
    },
)
