"""The roles of pipeline.yml may do what they need, and nothing else: shown by a whole life of a system, from its audit trail.

Three rights are taken away on the way, and each time what needs them fails with the right's name; then the life goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsystem.engine.decide.access.document import Statement
from tests import small_project
from tests.command_line import run
from tests.e2e.least_privilege import Call, Part, explained, policies_of, recorded, superfluous
from tests.live import eventually
from tests.monitored import Monitored
from tests.small_project import NAME, ROWS
from tests.system import System

REASONS = Path(__file__).parent / "least_privilege.yaml"
REGION = "us-east-1"
PRD_TEMPLATE = "assets/deploy-model-prd.yml"


class Roles:
    """The roles of the system, by the names that they have in the reasons: `build` is `mls-small-build-us-east-1`."""

    def __init__(self, system: System):
        self._iam = system.engine.client("iam")

    @staticmethod
    def name(short: str) -> str:
        return f"{NAME}-{short}-{REGION}"

    @contextmanager
    def without(self, role: str, action: str) -> Iterator[None]:
        """The role lacks the statement that allows the action."""
        with self._changed(role, action):
            yield

    @contextmanager
    def under_a_condition(self, role: str, action: str) -> Iterator[None]:
        """The statement has a condition that is always met, so that the front door asks about the action."""
        with self._changed(role, action, {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}):
            yield

    @contextmanager
    def _changed(self, role: str, action: str, members: Mapping[str, Any] | None = None) -> Iterator[None]:
        names = {"RoleName": self.name(role), "PolicyName": role}
        document = self._iam.get_role_policy(**names)["PolicyDocument"]
        found = next(one for one in document["Statement"] if action in one["Action"])
        others = [one for one in document["Statement"] if one is not found]
        changed = {**document, "Statement": others + ([{**found, **members}] if members else [])}
        self._iam.put_role_policy(**names, PolicyDocument=json.dumps(changed))
        try:
            yield
        finally:
            self._iam.put_role_policy(**names, PolicyDocument=json.dumps(document))

    def policies(self) -> dict[str, list[Statement]]:
        """By short name."""
        found = policies_of(self._iam, f"{NAME}-")
        return {name.removeprefix(f"{NAME}-").removesuffix(f"-{REGION}"): said for name, said in found.items()}


@pytest.fixture(scope="module")
def roles(system: System) -> Roles:
    return Roles(system)


@pytest.fixture(scope="module")
def policies(roles: Roles) -> dict[str, list[Statement]]:
    """As they are when the system is in place."""
    return roles.policies()


# ---------------------------------------------------------------------- three rights are missing
def _denials(system: System) -> list[str]:
    """What the API's function has logged of rights that it lacks."""
    asked = {"logGroupName": f"/aws/lambda/{NAME}-api-zip", "filterPattern": '"not authorized"'}
    events = system.engine.client("logs").filter_log_events(**asked)["events"]
    right = "sagemaker:InvokeEndpoint"
    return [event["message"] for event in events if f"is not authorized to perform: {right}" in event["message"]]


def test_an_api_that_may_not_invoke_fails_and_says_what_would_allow_it(system: System, roles: Roles) -> None:
    url = system.api_url()
    with roles.without("api", "sagemaker:InvokeEndpoint"):
        eventually(lambda: system.ask(url).status == 502, timeout=10)
        eventually(lambda: _denials(system))
    with roles.under_a_condition("api", "sagemaker:InvokeEndpoint"):
        # What the door lets in at once leaves no line in the trail; what it asks about does.
        eventually(lambda: system.ask(url).status == 200, timeout=10)
    assert system.ask(url).status == 200


@pytest.fixture(scope="module")
def execution(system: System, policies: dict[str, list[Statement]]) -> str:
    """It changes the template, the workflow and the code of a function, and keeps no version before it."""
    assert policies
    return system.commit(
        {
            PRD_TEMPLATE: lambda text: text.replace("Threshold: !Ref MaxLatencyInMilliseconds", "Threshold: 1234"),
            "mlsystem.yaml": lambda text: text.replace("retained_versions: 1", "retained_versions: 0"),
            "model/workflow.asl.json": lambda text: text.replace("One training run.", "A training run."),
            "custom_resource/drift_message.py": lambda text: text.replace("= 100", "= 99"),
        }
    )


def _fails_at(system: System, execution: str, action: str, right: str) -> None:
    assert system.ended(execution) == "Failed"
    error = system.errors(execution)[action]
    assert f"is not authorized to perform: {right} on resource" in error
    assert f'This would allow it: {{"Effect": "Allow", "Action": "{right}"' in error


def _retry(system: System, execution: str, stage: str) -> None:
    system.pipeline.retry_stage_execution(
        pipelineName=NAME, stageName=stage, pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    eventually(lambda: system.status(execution) == "InProgress")


def test_a_pipeline_that_may_not_build_fails_in_its_build(system: System, roles: Roles, request: Any) -> None:
    with roles.without("pipeline", "codebuild:StartBuild"):
        execution = request.getfixturevalue("execution")
        _fails_at(system, execution, "BuildTemplates", "codebuild:StartBuild")


def test_a_workflow_that_may_not_start_jobs_fails_in_train(system: System, roles: Roles, execution: str) -> None:
    with roles.without("workflow", "sagemaker:CreateProcessingJob"):
        _retry(system, execution, "Build")
        _fails_at(system, execution, "TrainModel", "sagemaker:CreateProcessingJob")


# ---------------------------------------------------------------------- the rest of its life
@pytest.fixture(scope="module")
def life(system: System, execution: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A new version in production and the old one pruned, drift, and the end of everything: the files of the audit trail."""
    if system.status(execution) == "Failed":
        _retry(system, execution, "Train")
    system.to_production(execution)
    scheduler = system.engine.client("scheduler")
    # At its last look the judge takes its schedule away.
    eventually(lambda: not scheduler.list_schedules(NamePrefix=f"{NAME}-judge-")["Schedules"])
    monitored = Monitored(system)
    drifted = [(0.9 + size / 10, weight) for size, weight, _ in ROWS * 3]
    monitored.ask(drifted)
    monitored.label()
    caused = system.started_by(monitored.look)
    system.pipeline.stop_pipeline_execution(pipelineName=NAME, pipelineExecutionId=caused, abandon=True)
    assert system.ended(caused) == "Stopped"
    project = small_project.unpack(tmp_path_factory.mktemp("life") / "project")
    for options in (("--partial",), ("--with-data",)):
        done = run("--json", "--project", str(project), "destroy", "--yes", *options, home=system.engine.folder)
        assert json.loads(done.stdout) == {"left": []}, done.stderr
    return sorted(system.engine.folder.glob("audit.jsonl*"))


@pytest.fixture(scope="module")
def calls(life: list[Path]) -> set[Call]:
    found = recorded(life)
    ours = {call for call in found if call.role.startswith(f"{NAME}-")}
    return {replace(call, role=call.role.removeprefix(f"{NAME}-").removesuffix(f"-{REGION}")) for call in ours}


def test_every_role_acts(policies: dict[str, list[Statement]], calls: set[Call]) -> None:
    assert {call.role for call in calls} == policies.keys()


def test_what_no_call_needed_has_its_reason_and_every_reason_is_needed(
    policies: dict[str, list[Statement]], calls: set[Call]
) -> None:
    reasons = yaml.safe_load(REASONS.read_text())
    unexplained, stale = explained(superfluous(policies, calls), reasons)
    assert not unexplained, "no call needed, and nobody says why it stays:\n" + "\n".join(unexplained)
    assert not stale, "needed by a call, or not there any more:\n" + "\n".join(stale)


@pytest.mark.parametrize(
    ("role", "planted"),
    [
        ("build", Statement("planted", "Allow", actions=("s3:DeleteObject",), resources=("*",))),
        ("query", Statement("planted", "Allow", actions=("sagemaker:Describe*",), resources=("*",))),
    ],
)
def test_a_right_that_nothing_needs_is_found(
    policies: dict[str, list[Statement]], calls: set[Call], role: str, planted: Statement
) -> None:
    before = superfluous(policies, calls)
    found = superfluous({**policies, role: [*policies[role], planted]}, calls)
    assert Part(role, planted.actions[0]) in found - before
    assert before <= found
