"""Experiments and their trials. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateExperiment.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.sagemaker.experiment import (
    Experiment,
    Trial,
    check_free,
    require_experiment,
    require_trial,
)
from mlsystem.engine.services.sagemaker.experiment_component import component, components
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.tags import write_tags

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateExperimentRequestTypeDef,
        CreateTrialRequestTypeDef,
        DeleteExperimentRequestTypeDef,
        DeleteTrialRequestTypeDef,
        DescribeExperimentRequestTypeDef,
        DescribeTrialRequestTypeDef,
        ListExperimentsRequestTypeDef,
        ListTrialsRequestTypeDef,
        UpdateExperimentRequestTypeDef,
    )

FILTERS = "CreatedAfter CreatedBefore SortBy SortOrder NextToken MaxResults"


def listing_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request in the names that other List operations use."""
    names = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    return {names.get(name, name): value for name, value in request.items()}


class Experiments(Part):
    """Create, describe, update, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateExperiment", accepts="ExperimentName DisplayName Description Tags")
    def create(self, request: CreateExperimentRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["ExperimentName"]
        check_free(call.tx, Experiment, name)
        arn = self._house.scope.arn("sagemaker", f"experiment/{name.lower()}")
        shown = request.get("DisplayName", name)
        call.tx.add(Experiment(key=name, arn=arn, display_name=shown, description=request.get("Description", "")))
        write_tags(call.tx, arn, request.get("Tags", ()))
        return {"ExperimentArn": arn}

    @operation("DescribeExperiment", accepts="ExperimentName")
    def describe(self, request: DescribeExperimentRequestTypeDef, call: Call) -> Mapping[str, object]:
        return describe_experiment(require_experiment(call.tx, request["ExperimentName"]))

    @operation("UpdateExperiment", accepts="ExperimentName DisplayName Description")
    def update(self, request: UpdateExperimentRequestTypeDef, call: Call) -> Mapping[str, object]:
        found = require_experiment(call.tx, request["ExperimentName"])
        call.tx.put(
            found.changed(
                display_name=request.get("DisplayName", found.display_name),
                description=request.get("Description", found.description),
            )
        )
        return {"ExperimentArn": found.arn}

    @operation("ListExperiments", accepts=FILTERS)
    def list_experiments(self, request: ListExperimentsRequestTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, Experiment, listing_request(request), "ExperimentSummaries", _summary)

    @operation("DeleteExperiment", accepts="ExperimentName")
    def delete(self, request: DeleteExperimentRequestTypeDef, call: Call) -> Mapping[str, object]:
        found = require_experiment(call.tx, request["ExperimentName"])
        if call.tx.all(Trial, parent=found.key, limit=1):
            raise AwsError("ValidationException", f"Experiment {found.key} has trials: delete them first.")
        call.tx.remove(Experiment, found.key)
        return {"ExperimentArn": found.arn}


class Trials(Part):
    """Create, describe, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateTrial", accepts="TrialName DisplayName ExperimentName Tags")
    def create(self, request: CreateTrialRequestTypeDef, call: Call) -> Mapping[str, object]:
        experiment, name = require_experiment(call.tx, request["ExperimentName"]), request.get("TrialName", "")
        if not name:
            raise AwsError("ValidationException", "TrialName is required.")
        check_free(call.tx, Trial, name)
        arn = self._house.scope.arn("sagemaker", f"experiment-trial/{name.lower()}")
        call.tx.add(Trial(key=name, parent=experiment.key, arn=arn, display_name=request.get("DisplayName", name)))
        write_tags(call.tx, arn, request.get("Tags", ()))
        return {"TrialArn": arn}

    @operation("DescribeTrial", accepts="TrialName")
    def describe(self, request: DescribeTrialRequestTypeDef, call: Call) -> Mapping[str, object]:
        return describe_trial(require_trial(call.tx, request["TrialName"]))

    @operation("ListTrials", accepts=f"ExperimentName TrialComponentName {FILTERS}")
    def list_trials(self, request: ListTrialsRequestTypeDef, call: Call) -> Mapping[str, object]:
        wanted, holders = request.get("ExperimentName"), None
        if wanted is not None:
            require_experiment(call.tx, wanted)
        if "TrialComponentName" in request:
            name = request["TrialComponentName"]
            found = component(call.tx, self._house, name)
            holders = found.trials if found is not None else frozenset()
        return page(
            call.tx,
            Trial,
            listing_request(request),
            "TrialSummaries",
            _trial_summary,
            lambda trial: holders is None or trial.key in holders,
            parent=wanted,
        )

    @operation("DeleteTrial", accepts="TrialName")
    def delete(self, request: DeleteTrialRequestTypeDef, call: Call) -> Mapping[str, object]:
        found = require_trial(call.tx, request["TrialName"])
        if next(components(call.tx, self._house, found.key), None) is not None:
            raise AwsError("ValidationException", f"Trial {found.key} has components: disassociate them first.")
        call.tx.remove(Trial, found.key)
        return {"TrialArn": found.arn}


def _summary(found: Experiment) -> dict[str, object]:
    return {
        "ExperimentName": found.key,
        "ExperimentArn": found.arn,
        "DisplayName": found.display_name,
        "CreationTime": when(found.created_at),
        "LastModifiedTime": when(found.updated_at),
    }


def describe_experiment(found: Experiment) -> dict[str, object]:
    return _summary(found) | ({"Description": found.description} if found.description else {})


def _trial_summary(found: Trial) -> dict[str, object]:
    return {
        "TrialName": found.key,
        "TrialArn": found.arn,
        "DisplayName": found.display_name,
        "CreationTime": when(found.created_at),
        "LastModifiedTime": when(found.updated_at),
    }


def describe_trial(found: Trial) -> dict[str, object]:
    return {**_trial_summary(found), "ExperimentName": found.parent}
