"""Trial components: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrialComponent.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Mark, Paging
from mlsystem.engine.services.sagemaker.experiment import (
    Association,
    ComponentState,
    TrialComponent,
    check_free,
    missing,
    require_experiment,
    require_trial,
    taken,
)
from mlsystem.engine.services.sagemaker.experiment_component import Component, component, components, note_trials
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
PAGES = Paging(10)
# That jobs are found by their trials.
NOTED = "sagemaker_jobs_by_trial"


class TrialComponents(Part):
    """Create, describe, update, list, delete, associate."""

    def __init__(self, house: House):
        self._house = house

    def start(self) -> None:
        with self._house.database.transaction() as tx:
            if self._house.database.setting(NOTED, lambda: "no") == "no":
                note_trials(tx)
                self._house.database.change_setting(NOTED, "yes")

    @operation("CreateTrialComponent", accepts=f"TrialComponentName Tags {' '.join(ABOUT)}")
    def create(self, request: CreateTrialComponentRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["TrialComponentName"]
        if component(call.tx, self._house, name) is not None:
            raise taken("TrialComponent", name)
        check_free(call.tx, TrialComponent, name)
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
        is_descending = given.get("SortOrder") != "Ascending"
        trial = require_trial(call.tx, given["TrialName"]).key if "TrialName" in given else None
        wanted: Iterator[Component] = (
            one
            for one in components(call.tx, self._house, trial, is_descending)
            if self._is_wanted(call.tx, one, given)
        )
        mark = _by_name if given.get("SortBy") == "Name" else _by_creation
        if mark is _by_name or trial is not None:
            wanted = iter(sorted(wanted, key=mark, reverse=is_descending))
        return PAGES.page(wanted, given, "TrialComponentSummaries", mark, _summary, descending=is_descending)

    def _is_wanted(self, tx: Transaction, one: Component, request: Mapping[str, Any]) -> bool:
        if "ExperimentName" in request:
            experiment = require_experiment(tx, request["ExperimentName"]).key
            if experiment not in {require_trial(tx, trial).parent for trial in one.trials}:
                return False
        if request.get("SourceArn", None) not in (None, one.about.get("Source", {}).get("SourceArn")):
            return False
        after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
        at = one.created_at
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

    def _link(self, tx: Transaction, name: str, trial: str, is_removed: bool) -> dict[str, object]:
        found, holder = self._require(tx, name), require_trial(tx, trial)
        link = Association(key=f"{trial}/{name}", parent=trial, component=name, is_removed=is_removed)
        if is_removed and not found.is_of_job:
            tx.remove(Association, link.key)
        else:
            tx.put(link)
        return {"TrialComponentArn": found.arn, "TrialArn": holder.arn}

    def _require(self, tx: Transaction, name: str) -> Component:
        found = component(tx, self._house, name)
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


def _by_name(one: Component) -> Mark:
    return (one.name,)


def _by_creation(one: Component) -> Mark:
    return (one.created_at, one.name)
