"""Search: what SageMaker has, by its properties. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html

Resources that are not in `_all` are refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation, read_mark
from mlsystem.engine.services.sagemaker.endpoint import Endpoint
from mlsystem.engine.services.sagemaker.experiment import Experiment, Trial, require_trial
from mlsystem.engine.services.sagemaker.experiment_component import Component, components
from mlsystem.engine.services.sagemaker.experiments import describe_experiment, describe_trial
from mlsystem.engine.services.sagemaker.job import TrainingJob
from mlsystem.engine.services.sagemaker.model_package import ModelPackage, ModelPackageGroup
from mlsystem.engine.services.sagemaker.project import Project
from mlsystem.engine.services.sagemaker.search_bounds import only, required
from mlsystem.engine.services.sagemaker.search_expression import holds, order
from mlsystem.engine.services.sagemaker.tags import as_list, read_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import SearchRequestTypeDef

PAGES = Paging(10)


class Search(Part):
    """One operation over what the other parts know."""

    def __init__(self, house: House):
        self._house = house

    @operation("Search", accepts="Resource SearchExpression SortBy SortOrder NextToken MaxResults")
    def search(self, request: SearchRequestTypeDef, call: Call) -> Mapping[str, object]:
        resource, expression = request["Resource"], request.get("SearchExpression", {})
        path, is_descending = request.get("SortBy", "CreationTime"), request.get("SortOrder") != "Ascending"
        noun = resource.removeprefix("Experiment") or resource
        parent = _parent(resource, expression) if path == "CreationTime" else None
        if parent is not None:
            count, found, more = self._below(call.tx, *parent, is_descending, request)
        else:
            matching = [one for one in self._all(call.tx, resource, expression) if holds(expression, one)]
            mark = order(path, f"{noun}Arn")
            matching.sort(key=mark, reverse=is_descending)
            count = len(matching)
            found, more = PAGES.take(matching, request, mark, descending=is_descending)
        return {
            "Results": [{noun: one} for one in found],
            "TotalHits": {"Value": count, "Relation": "EqualTo"},
            **more,
        }

    def _below(
        self,
        tx: Transaction,
        model: type[Trial | ModelPackage],
        parent: str,
        is_descending: bool,
        request: SearchRequestTypeDef,
    ) -> tuple[int, list[dict[str, Any]], dict[str, object]]:
        """How many are below a parent, and a page in the order of their creation, which the database has: they may be many."""
        last = read_mark(request.get("NextToken"))
        children = tx.each(model, parent=parent, newest_first=is_descending, after=last)
        found, more = PAGES.take(children, request, by_creation, descending=is_descending)
        return tx.count(model, parent=parent), [self._child(tx, one) for one in found], more

    def _all(self, tx: Transaction, resource: str, expression: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All that the expression may hold for."""
        match resource:
            case "Experiment":
                return [self._tagged(tx, describe_experiment(one), one.arn) for one in tx.all(Experiment)]
            case "ExperimentTrial":
                return [self._child(tx, one) for one in _trials(tx, expression)]
            case "ExperimentTrialComponent":
                return [self._component(tx, one) for one in self._components(tx, expression)]
            case "ModelPackage":
                return [self._child(tx, one) for one in _packages(tx, expression)]
            case "ModelPackageGroup":
                return [self._tagged(tx, one.describe(), one.arn) for one in tx.all(ModelPackageGroup)]
            case "TrainingJob":
                return self._described(tx, TrainingJob, "TrainingJob")
            case "Endpoint":
                return self._described(tx, Endpoint, "Endpoint")
            case "Project":
                return self._described(tx, Project, "Project")
            case _:
                raise NotImplementedHere(f"sagemaker:Search of {resource}")

    def _described(
        self, tx: Transaction, model: type[TrainingJob | Endpoint | Project], noun: str
    ) -> list[dict[str, Any]]:
        """As the Describe operation of each tells it."""
        found = tx.all(model)
        told = [self._house.call("sagemaker", f"Describe{noun}", {f"{noun}Name": one.key}) for one in found]
        return [self._tagged(tx, one, str(one[f"{noun}Arn"])) for one in told]

    def _components(self, tx: Transaction, expression: Mapping[str, Any]) -> Iterable[Component]:
        """In the order of their creation; those of few trials where only these are asked for."""
        trials = required(expression, "Parents.TrialName")
        if trials is None:
            return components(tx, self._house)
        found = {one.name: one for trial in sorted(trials) for one in components(tx, self._house, trial)}
        return sorted(found.values(), key=lambda one: (one.created_at, one.name))

    def _component(self, tx: Transaction, one: Component) -> dict[str, Any]:
        parents = [(trial, require_trial(tx, trial).parent) for trial in sorted(one.trials)]
        named = [{"TrialName": trial, "ExperimentName": experiment} for trial, experiment in parents]
        return {**self._tagged(tx, one.description(), one.arn), "Parents": named}

    def _child(self, tx: Transaction, one: Trial | ModelPackage) -> dict[str, Any]:
        return self._tagged(tx, describe_trial(one) if isinstance(one, Trial) else one.describe(), one.arn)

    def _tagged(self, tx: Transaction, told: dict[str, Any], arn: str) -> dict[str, Any]:
        tags = as_list(read_tags(tx, arn))
        return told | ({"Tags": tags} if tags else {})


def _trials(tx: Transaction, expression: Mapping[str, Any]) -> Sequence[Trial]:
    """In the order of their creation."""
    names, experiments = required(expression, "TrialName"), required(expression, "ExperimentName")
    if names is not None:
        found = [one for one in (tx.get(Trial, name) for name in names) if one is not None]
    elif experiments is not None:
        found = [one for name in experiments for one in tx.all(Trial, parent=name)]
    else:
        return tx.all(Trial)
    return sorted(found, key=lambda one: (one.created_at, one.key))


def _packages(tx: Transaction, expression: Mapping[str, Any]) -> Sequence[ModelPackage]:
    """In the order of their creation."""
    groups = required(expression, "ModelPackageGroupName")
    if groups is None:
        return tx.all(ModelPackage)
    return [one for name in sorted(groups) for one in tx.all(ModelPackage, parent=name.lower())]


def _parent(resource: str, expression: Mapping[str, Any]) -> tuple[type[Trial | ModelPackage], str] | None:
    """What everything below is asked for, where nothing else is."""
    if resource == "ExperimentTrial" and (experiment := only(expression, "ExperimentName")):
        return Trial, experiment
    if resource == "ModelPackage" and (group := only(expression, "ModelPackageGroupName")):
        return ModelPackage, group.lower()
    return None
