"""What EventBridge's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, given, on, passes

# Rules of the default bus, which is the only one.
NAMED = "arn:${Partition}:events:${Region}:${Account}:rule/${Name}"
RULE = "arn:${Partition}:events:${Region}:${Account}:rule/${Rule}"
BUS = "arn:${Partition}:events:${Region}:${Account}:event-bus/"
SERVICE = "events.amazonaws.com"

PERMISSIONS = Permissions(
    "events",
    {
        # rules
        "PutRule": [on(NAMED), given("Tags", on(NAMED, action="TagResource")), passes("RoleArn", SERVICE)],
        "DeleteRule": [on(NAMED)],
        "DescribeRule": [on(NAMED)],
        "DisableRule": [on(NAMED)],
        "EnableRule": [on(NAMED)],
        "ListRules": [on(ANY)],
        # targets
        "PutTargets": [on(RULE, keys={"events:TargetArn": "Targets.Arn"}), passes("Targets.RoleArn", SERVICE)],
        "RemoveTargets": [on(RULE)],
        "ListTargetsByRule": [on(RULE)],
        "ListRuleNamesByTarget": [on(ANY)],
        # events
        "PutEvents": [on(BUS + "default", keys={"events:source": "Entries.Source"})],
        "TestEventPattern": [on(ANY)],
        "DescribeEventBus": [on(BUS + "default")],
        "ListEventBuses": [on(ANY)],
        # tags
        "ListTagsForResource": [on("${ResourceARN}")],
        "TagResource": [on("${ResourceARN}")],
        "UntagResource": [on("${ResourceARN}")],
    },
)
