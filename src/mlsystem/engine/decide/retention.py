"""How long things are kept that AWS does not keep for ever, or that only this machine has. docs/reliability.md tells them all.

These are AWS's own ages, or ours where AWS has none; they are not divided by the time scale, so that a demo does not lose its past.
What AWS keeps until somebody deletes it (objects, log events of groups without a retention, jobs, models, mail addresses) is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY_SECONDS = 86400.0


@dataclass(frozen=True)
class Retention:
    """`days` after its end, or after it was written for what has none; `source` is AWS's page, empty where the rule is ours."""

    subject: str
    days: float
    source: str = ""

    def since(self, now: float) -> float:
        """What is older is forgotten."""
        return now - self.days * DAY_SECONDS


_DOCS = "https://docs.aws.amazon.com/"

STATE_MACHINE_EXECUTIONS = Retention(
    "executions of state machines, and their history",
    90,
    f"{_DOCS}step-functions/latest/dg/service-quotas.html",
)
PIPELINE_EXECUTIONS = Retention(
    "executions of pipelines; the last in a stage and the last that succeeded stay",
    365,
    f"{_DOCS}codepipeline/latest/APIReference/API_ListPipelineExecutions.html",
)
BUILDS = Retention("builds", 365, f"{_DOCS}codebuild/latest/userguide/builds-working.html")
DEPLOYMENTS = Retention("deployments of CodeDeploy; the last of a group that succeeded stays", 365)
DELETED_STACKS = Retention(
    "stacks that were deleted", 90, f"{_DOCS}AWSCloudFormation/latest/APIReference/API_ListStacks.html"
)
STACK_EVENTS = Retention("events of stacks; the last of each resource stays", 90)
ALARM_HISTORY = Retention(
    "history of alarms", 30, f"{_DOCS}AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"
)
METRICS = Retention(
    "metrics; see below for how finely",
    455,
    f"{_DOCS}AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html",
)
SCALING_ACTIVITIES = Retention(
    "scaling activities",
    42,
    f"{_DOCS}autoscaling/application/APIReference/API_DescribeScalingActivities.html",
)
CLIENT_TOKENS = Retention("tokens that make a request count once", 1)
UNUSED_CODE = Retention("code of functions and layers of images that nothing names any more", 1)
KEPT_MAIL = Retention('mails in the folder "mail"', 90)

RETENTIONS = (
    STATE_MACHINE_EXECUTIONS,
    PIPELINE_EXECUTIONS,
    BUILDS,
    DEPLOYMENTS,
    DELETED_STACKS,
    STACK_EVENTS,
    ALARM_HISTORY,
    METRICS,
    SCALING_ACTIVITIES,
    CLIENT_TOKENS,
    UNUSED_CODE,
    KEPT_MAIL,
)

# After so many seconds metrics are kept by periods of so many: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
RESOLUTIONS = ((3 * 3600.0, 60.0), (15 * DAY_SECONDS, 300.0), (63 * DAY_SECONDS, 3600.0))

# The cache of builds is emptied when it has become larger: what is in it can be fetched again.
BUILD_CACHE_BYTES = 10 << 30
