"""Pages of every list: what was there all the time comes once, whatever else comes and goes; a token is good for its own list alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from botocore import xform_name
from botocore.model import OperationModel

from mlsystem.engine.coverage import wired_rooms
from mlsystem.engine.front.page_tokens import GIVEN, OF_S3
from mlsystem.engine.runtime.api_model import service_model
from tests import listings, probes
from tests.listed_things import LISTINGS
from tests.listings import Listing
from tests.live import LiveEngine
from tests.probes import Probe, send, unchecked_client

KEPT, PASSING = 7, 6
# Pages of these are as long as AWS makes them, 100 and more: `decide/paging.py` has its own tests, and they use it too.
LONG_PAGES = {
    "cloudformation": {"DescribeChangeSet", "DescribeStackEvents", "DescribeStacks", "ListChangeSets", "ListExports",
                       "ListStackResources", "ListStacks"},
    "cloudwatch": {"ListDashboards", "ListMetrics"},
    "codebuild": {"ListBuildsForProject", "ListProjects"},
    "codecommit": {"ListBranches", "ListRepositories"},
    "codedeploy": {"ListApplications", "ListDeploymentConfigs", "ListDeploymentGroups", "ListDeploymentTargets", "ListDeployments"},
    "sns": {"ListSubscriptions", "ListSubscriptionsByTopic", "ListTopics"},
}  # fmt: skip
# What is in these takes a job, an endpoint, a pipeline or a network to make, or is fewer than a page; they page as the lists below do.
COSTLY = {
    "apigateway": {"GetDeployments", "GetResources", "GetUsagePlanKeys"},
    "application-autoscaling": {"DescribeScalableTargets", "DescribeScalingActivities", "DescribeScalingPolicies",
                                "DescribeScheduledActions"},
    "cloudformation": {"ListImports"},
    "cloudwatch": {"DescribeAlarmHistory", "GetMetricData"},
    "codecommit": {"GetDifferences"},
    "codepipeline": {"ListActionExecutions", "ListActionTypes", "ListPipelineExecutions", "ListPipelines", "ListTagsForResource"},
    "ec2": {"DescribeNatGateways", "DescribeRouteTables", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcEndpoints"},
    "ecr": {"DescribeImages", "ListImages"},
    "efs": {"DescribeAccessPoints", "DescribeMountTargets"},
    "events": {"ListRuleNamesByTarget", "ListTargetsByRule"},
    "iam": {"ListAttachedRolePolicies", "ListEntitiesForPolicy", "ListInstanceProfilesForRole", "ListPolicies", "ListPolicyVersions",
            "SimulateCustomPolicy", "SimulatePrincipalPolicy"},
    "kms": {"ListAliases", "ListKeyPolicies", "ListKeyRotations", "ListKeys", "ListResourceTags"},
    "lambda": {"ListAliases", "ListFunctionEventInvokeConfigs", "ListVersionsByFunction"},
    "logs": {"FilterLogEvents"},
    "s3": {"ListMultipartUploads", "ListParts"},
    "sagemaker": {"ListDataQualityJobDefinitions", "ListEndpoints", "ListModelQualityJobDefinitions", "ListMonitoringExecutions",
                  "ListMonitoringSchedules", "ListProcessingJobs", "ListProjects", "ListTags", "ListTrainingJobs", "ListTransformJobs",
                  "Search"},
    "scheduler": {"ListScheduleGroups"},
    "servicecatalog": {"ListConstraintsForPortfolio", "ListLaunchPaths", "ListPortfoliosForProduct", "ListPrincipalsForPortfolio",
                       "ListRecordHistory", "ScanProvisionedProducts", "SearchProductsAsAdmin"},
    "stepfunctions": {"GetExecutionHistory", "ListExecutions"},
}  # fmt: skip


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    """An engine of their own: with nothing else in its lists."""
    live = LiveEngine(tmp_path_factory.mktemp("paged"))
    try:
        live.start()
        listings.prepare(live)
        yield live
    finally:
        live.stop()


def test_every_list_of_aws_is_paged_here_or_named_as_not() -> None:
    by_service: dict[str, set[str]] = {}
    for room in wired_rooms():
        by_service.setdefault(room.service, set()).update(
            name for name in room.operations if _has_pages(room.service, name)
        )
    for service, names in by_service.items():
        tried = {one.operation for one in LISTINGS if one.service == service}
        listed = {name for name in names if xform_name(name) in tried}
        assert names == listed | LONG_PAGES.get(service, set()) | COSTLY.get(service, set()), service


@cache
def _paginators(service: str) -> frozenset[str]:
    from botocore.loaders import Loader

    try:
        return frozenset(Loader().load_service_model(service, "paginators-1")["pagination"])
    except Exception:  # noqa: BLE001 (botocore has no file of them for this service)
        return frozenset()


def _has_pages(service: str, name: str) -> bool:
    return name in _paginators(service)


@pytest.mark.parametrize("listing", LISTINGS, ids=[f"{one.service}:{one.operation}" for one in LISTINGS])
def test_what_is_there_all_the_time_comes_once(paged: LiveEngine, listing: Listing) -> None:
    client = paged.client(listing.service)
    things = [listing.make(client, f"p{number:02}") for number in range(KEPT + PASSING)]
    kept, passing = things[::2], things[1::2]
    assert (len(kept), len(passing)) == (KEPT, PASSING)
    with _coming_and_going(listing, client):
        seen: list[str] = []
        for page in listing.pages(client):
            seen += page
            for thing in [
                one for one in page if one in passing
            ]:  # the last of a page, whose mark the token is, among them
                listing.drop(client, thing)
                passing.remove(thing)
    assert sorted(one for one in seen if one in kept) == sorted(kept)
    for thing in [*kept, *passing]:
        listing.drop(client, thing)


class _coming_and_going:  # noqa: N801 (a block, as contextlib's)
    """Another thread that makes and deletes things until the block ends."""

    def __init__(self, listing: Listing, client: Any):
        self._listing, self._client = listing, client
        self._is_over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        number = 0
        try:
            while not self._is_over.is_set():
                self._listing.drop(self._client, self._listing.make(self._client, f"o{number % 90:02}"))
                number += 1
        except BaseException as failure:  # noqa: BLE001 (it is the test's)
            self._failure = failure

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(60)
        assert self._failure is None, self._failure


# ---------------------------------------------------------------------- tokens
RUBBISH = ("no-token", "AAAAAAAAAAAA", "7", "7" * 5000)
WITH_TOKENS = [
    (room.service, name)
    for room in wired_rooms()
    for name in sorted(room.operations)
    if (shape := service_model(room.service).operation_model(name).input_shape) is not None
    and any(member in GIVEN and (room.service != "s3" or member not in OF_S3) for member in shape.members)
]


@pytest.fixture(scope="module")
def foreign(paged: LiveEngine) -> str:
    """A token of another operation."""
    logs = paged.client("logs")
    for name in ("foreign-1", "foreign-2"):
        logs.create_log_group(logGroupName=name)
    return str(logs.describe_log_groups(limit=1, logGroupNamePrefix="foreign")["nextToken"])


@pytest.fixture(scope="module")
def client(paged: LiveEngine) -> Callable[[str], Any]:
    return cache(lambda service: unchecked_client(paged, service))


@pytest.mark.parametrize(("service", "name"), WITH_TOKENS, ids=[f"{service}:{name}" for service, name in WITH_TOKENS])
def test_a_token_that_the_list_did_not_give_out_is_refused(
    client: Callable[[str], Any], foreign: str, service: str, name: str
) -> None:
    operation = service_model(service).operation_model(name)
    assert operation.input_shape is not None
    member = next(one for one in GIVEN if one in operation.input_shape.members)
    given = {} if (service, name) == ("logs", "DescribeLogGroups") else {"another's": foreign}
    for token in [*RUBBISH, *given.values()]:
        told = send(client(service), operation, Probe((), "", {**fitting(operation), member: token}))
        assert 400 <= told.status < 500, (token[:20], told)
        assert member.lower() in told.message.lower() or "token" in told.message.lower(), (token[:20], told)


def fitting(operation: OperationModel) -> dict[str, Any]:
    """Required members that pass AWS's patterns."""
    names = {
        "PipelineName": "p",
        "SecretId": "s",
        "ResourceId": "fs-01234567",
        "resourceArn": "arn:aws:codepipeline:us-east-1:000000000000:p",
        "ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m",
        "ServiceNamespace": "sagemaker",
        "Resource": "Experiment",
        "MetricDataQueries": [],
    }
    shape = operation.input_shape
    assert shape is not None
    return {name: names.get(name, value) for name, value in probes.required(operation).items()}
