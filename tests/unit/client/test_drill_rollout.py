"""Whose deployment a drill takes back when it ends early: its own, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.drill.rollout import Rollouts
from mlsystem.client.errors import ClientFailure


class Account:
    """The stack, CodeDeploy and Lambda in one: a deployment is under way until it is stopped."""

    name = "mls-demo-deploy-prd"

    def __init__(self, refuses: bool):
        self._refuses = refuses
        self.status_now = "UPDATE_IN_PROGRESS" if refuses else "UPDATE_COMPLETE"
        self.stopped: list[str] = []

    def client(self, _: str) -> Any:
        return self

    # ------------------------------------------------------------------ the stack
    def status(self) -> str:
        return self.status_now

    def outputs(self) -> dict[str, str]:
        return dict.fromkeys(("ApiFunctionName", "DeploymentApplication", "DeploymentGroup"), "mls-demo-api")

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        job = {"ParameterKey": "TrainingExecutionArn", "ParameterValue": "arn:aws:states:::execution:mls-demo:job"}
        return {"Stacks": [{"Parameters": [job]}]}

    def update_stack(self, **_: Any) -> None:
        if self._refuses:
            error = {"Error": {"Code": "ValidationError", "Message": "is in UPDATE_IN_PROGRESS state"}}
            raise ClientError(error, "UpdateStack")  # type: ignore[arg-type]
        self.status_now = "UPDATE_IN_PROGRESS"

    # ------------------------------------------------------------------ CodeDeploy and Lambda
    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, list[str]]]:
        yield {"deployments": ["d-1"]}

    def get_deployment(self, **_: str) -> dict[str, Any]:
        return {"deploymentInfo": {"status": "Stopped" if self.stopped else "InProgress"}}

    def stop_deployment(self, deploymentId: str, autoRollbackEnabled: bool) -> None:
        assert autoRollbackEnabled
        self.stopped.append(deploymentId)
        self.status_now = "UPDATE_ROLLBACK_COMPLETE"

    def get_alias(self, **_: str) -> dict[str, Any]:
        return {"FunctionVersion": "1"}


def _rollouts(account: Account) -> Rollouts:
    stands_for_both: Any = account
    return Rollouts(stands_for_both, stands_for_both)


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_what_the_drill_has_begun_is_stopped() -> None:
    account = Account(refuses=False)
    rollouts = _rollouts(account)
    with pytest.raises(KeyboardInterrupt):
        rollouts.deploy("errors:12", _interrupt)
    rollouts.stop(lambda: None)
    assert (account.stopped, account.status()) == (["d-1"], "UPDATE_ROLLBACK_COMPLETE")


def test_what_somebody_else_deploys_goes_on() -> None:
    account = Account(refuses=True)
    rollouts = _rollouts(account)
    with pytest.raises(ClientFailure, match="was refused: is in UPDATE_IN_PROGRESS state"):
        rollouts.deploy("errors:12", lambda: None)
    rollouts.stop(lambda: None)
    assert (account.stopped, account.status()) == ([], "UPDATE_IN_PROGRESS")
