"""Trial components: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrialComponent.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.sagemaker.experiment import (
    Association,
    ComponentState,
    TrialComponent,
    missing,
    require_experiment,
    require_trial,
    taken,
)
from mlsystem.engine.services.sagemaker.experiment_component import Component, components
from mlsystem.engine.services.sagemaker.experiments import FILTERS
from mlsystem.engine.services.sagemaker.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        AssociateTrialComponentRequestTypeDef,
        CreateTrialComponentRequestTypeDef,
        DeleteTrialComponentRequestTypeDef,
        DescribeTrialComponentRequestTypeDef,
        DisassociateTrialComponentRequestTypeDef,
        ListTrialComponentsRequestTypeDef,
        UpdateTrialComponentRequestTypeDef,
    )

ABOUT = ("DisplayName", "Status", "StartTime", "EndTime", "Parameters", "InputArtifacts", "OutputArtifacts")
SUMMARY = {
    "TrialComponentName", "TrialComponentArn", "DisplayName", "Status", "StartTime", "EndTime", "CreationTime", "LastModifiedTime",
}  # fmt: skip
DEFAULT_PAGE = 10


class TrialComponents(Part):
    """Create, describe, update, list, delete, associate."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateTrialComponent", accepts=f"TrialComponentName Tags {' '.join(ABOUT)}")
    def create(self, request: CreateTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["TrialComponentName"]
        if any(one.name == name for one in components(call.tx, self._house)):
            raise taken("TrialComponent", name)
        arn = self._house.scope.arn("sagemaker", f"experiment-trial-component/{name.lower()}")
        call.tx.put(TrialComponent(key=name, state=ComponentState.PRESENT, arn=arn, about=_about(request)))
        write_tags(call.tx, arn, request.get("Tags", ()))
        return {"TrialComponentArn": arn}

    @operation("DescribeTrialComponent", accepts="TrialComponentName")
    def describe(self, request: DescribeTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        return self._require(call.tx, request["TrialComponentName"]).description()

    @operation("UpdateTrialComponent", accepts=f"TrialComponentName {' '.join(ABOUT)}")
    def update(self, request: UpdateTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        found = self._require(call.tx, request["TrialComponentName"])
        stored = call.tx.get(TrialComponent, found.name)
        if stored is None:
            raise NotImplementedHere("sagemaker:UpdateTrialComponent of a job's component", "it tells what the job did")
        maps = {
            name: {**stored.about.get(name, {}), **value}
            for name, value in _about(request).items()
            if isinstance(value, dict)
        }
        call.tx.put(stored.changed(about={**stored.about, **_about(request), **maps}))
        return {"TrialComponentArn": found.arn}

    @operation("ListTrialComponents", accepts=f"ExperimentName TrialName SourceArn {FILTERS}")
    def list_components(self, request: ListTrialComponentsRequestTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        found = [one for one in components(call.tx, self._house) if self._is_wanted(call.tx, one, given)]
        key = (lambda one: one.name) if given.get("SortBy") == "Name" else (lambda one: one.created_at)
        found.sort(key=key, reverse=given.get("SortOrder") != "Ascending")
        token = str(given.get("NextToken", "0"))
        if not token.isdecimal():
            raise AwsError("ValidationException", f"The NextToken {token!r} is not one that was given out.")
        start, size = int(token), int(given.get("MaxResults", DEFAULT_PAGE))
        answer: dict[str, object] = {"TrialComponentSummaries": [_summary(one) for one in found[start : start + size]]}
        return answer | ({"NextToken": str(start + size)} if start + size < len(found) else {})

    def _is_wanted(self, tx: Transaction, component: Component, request: Mapping[str, Any]) -> bool:
        if "TrialName" in request and require_trial(tx, request["TrialName"]).key not in component.trials:
            return False
        if "ExperimentName" in request:
            experiment = require_experiment(tx, request["ExperimentName"]).key
            if experiment not in {require_trial(tx, trial).parent for trial in component.trials}:
                return False
        if request.get("SourceArn", None) not in (None, component.about.get("Source", {}).get("SourceArn")):
            return False
        after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
        at = component.created_at
        return (after is None or at > after.timestamp()) and (before is None or at < before.timestamp())

    @operation("DeleteTrialComponent", accepts="TrialComponentName")
    def delete(self, request: DeleteTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        found = self._require(call.tx, request["TrialComponentName"])
        if found.trials:
            raise AwsError(
                "ValidationException", f"TrialComponent {found.name} belongs to a trial: disassociate it first."
            )
        if found.is_of_job:
            call.tx.put(TrialComponent(key=found.name, state=ComponentState.DELETED))
        else:
            call.tx.remove(TrialComponent, found.name)
        return {"TrialComponentArn": found.arn}

    # ------------------------------------------------------------------ trials
    @operation("AssociateTrialComponent", accepts="TrialComponentName TrialName")
    def associate(self, request: AssociateTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        return self._link(call.tx, request["TrialComponentName"], request["TrialName"], is_removed=False)

    @operation("DisassociateTrialComponent", accepts="TrialComponentName TrialName")
    def disassociate(self, request: DisassociateTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        return self._link(call.tx, request["TrialComponentName"], request["TrialName"], is_removed=True)

    def _link(self, tx: Transaction, component: str, trial: str, is_removed: bool) -> dict[str, object]:
        found, holder = self._require(tx, component), require_trial(tx, trial)
        link = Association(key=f"{trial}/{component}", parent=trial, component=component, is_removed=is_removed)
        if is_removed and not found.is_of_job:
            tx.remove(Association, link.key)
        else:
            tx.put(link)
        return {"TrialComponentArn": found.arn, "TrialArn": holder.arn}

    def _require(self, tx: Transaction, name: str) -> Component:
        found = next((one for one in components(tx, self._house) if one.name == name), None)
        if found is None:
            raise missing("TrialComponent", name)
        return found


def _about(request: Mapping[str, Any]) -> dict[str, Any]:
    """What a component's record keeps; times as seconds."""
    return {name: _plain(request[name]) for name in ABOUT if name in request}


def _plain(value: Any) -> Any:
    return value.timestamp() if hasattr(value, "timestamp") else value


def _summary(component: Component) -> dict[str, Any]:
    told = component.description()
    source = {"TrialComponentSource": told["Source"]} if "Source" in told else {}
    return {name: value for name, value in told.items() if name in SUMMARY} | source
