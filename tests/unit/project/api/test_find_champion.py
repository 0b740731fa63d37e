"""The champion is what production serves; what cannot be told is never "none"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from check import CheckError
from find_champion import find_champion

from tests.aws.clients import ScriptedClient, scripted

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
JOB, OLDER = "mls-flights-b", "mls-flights-a"
EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:mls-demo:"


def serves(functions: ScriptedClient, function: str, job: str) -> None:
    """The alias of the function leads to version 7, which says whose model it asks."""
    variables = {"TRAINING_JOB_NAME": job} if job else {}
    alias = {"FunctionVersion": "7", "RoutingConfig": {"AdditionalVersionWeights": {"8": 0.1}}}
    functions.answers("get_alias", alias, {"FunctionName": function, "Name": "live"})
    settings = {"Environment": {"Variables": variables}}
    functions.answers("get_function_configuration", settings, {"FunctionName": function, "Qualifier": "7"})


def champion(functions: ScriptedClient, *runs: dict[str, Any]) -> str:
    with scripted("codepipeline") as codepipeline:
        if runs:
            codepipeline.answers("list_action_executions", {"actionExecutionDetails": list(runs)})
        return find_champion(functions.client, codepipeline.client, "mls-demo")["TrainingJobName"]


def deployed(job: str, hours: int, status: str = "Succeeded") -> dict[str, Any]:
    overrides = f'{{"TrainingExecutionArn": "{EXECUTION}{job}", "ReleaseName": "{job}-prd", "GoesBack": "false"}}'
    given = {"resolvedConfiguration": {"ParameterOverrides": overrides}}
    began = START + timedelta(hours=hours)
    return {"actionName": "DeployModelPrd", "startTime": began, "status": status, "input": given}


@pytest.mark.parametrize("kind", ["api", "api-zip"])
def test_it_is_the_model_of_the_version_that_the_alias_leads_to_and_while_traffic_shifts_the_old_one(kind: str) -> None:
    with scripted("lambda") as functions:
        for name in ("api", "api-zip"):
            if name == kind:
                serves(functions, f"mls-demo-{name}", JOB)
            else:
                functions.fails("get_alias", "ResourceNotFoundException")
        assert champion(functions) == JOB


def test_production_in_another_account_is_known_by_what_the_pipeline_deployed_last() -> None:
    with scripted("lambda") as functions:
        functions.fails("get_alias", "ResourceNotFoundException")
        functions.fails("get_alias", "ResourceNotFoundException")
        history = (deployed("mls-flights-c", 3, "Failed"), deployed(JOB, 2), deployed(OLDER, 1))
        assert champion(functions, *history) == JOB


def test_before_the_first_deployment_there_is_none() -> None:
    with scripted("lambda") as functions:
        functions.fails("get_alias", "ResourceNotFoundException")
        functions.fails("get_alias", "ResourceNotFoundException")
        assert champion(functions, deployed(JOB, 1, "Failed")) == ""


def test_what_is_forbidden_is_not_none() -> None:
    with scripted("lambda") as functions:
        functions.fails("get_alias", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDenied"):
            champion(functions)


def test_a_version_that_does_not_say_whose_model_it_asks_is_not_none() -> None:
    with scripted("lambda") as functions:
        serves(functions, "mls-demo-api", "")
        with pytest.raises(CheckError, match="version 7 of mls-demo-api serves, and does not say"):
            champion(functions)


def test_of_two_functions_that_serve_different_models_neither_is_taken() -> None:
    with scripted("lambda") as functions:
        serves(functions, "mls-demo-api", JOB)
        serves(functions, "mls-demo-api-zip", OLDER)
        with pytest.raises(CheckError, match="two functions serve different models"):
            champion(functions)
