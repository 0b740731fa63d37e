"""Search: experiments, trials, components and training jobs by their properties.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html. Filters and nested expressions; other resources are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation, read_mark
from mlsystem.engine.services.sagemaker.experiment import Experiment, Trial, require_trial
from mlsystem.engine.services.sagemaker.experiment_component import Component, components
from mlsystem.engine.services.sagemaker.experiments import describe_experiment, describe_trial
from mlsystem.engine.services.sagemaker.job import TrainingJob
from mlsystem.engine.services.sagemaker.search_bounds import only, required
from mlsystem.engine.services.sagemaker.tags import as_list, read_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import SearchRequestTypeDef

PAGES = Paging(10)
ORDERINGS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThan": lambda mine, other: mine > other,
    "GreaterThanOrEqualTo": lambda mine, other: mine >= other,
    "LessThan": lambda mine, other: mine < other,
    "LessThanOrEqualTo": lambda mine, other: mine <= other,
}


class Search(Part):
    """One operation over what the other parts know."""

    def __init__(self, house: House):
        self._house = house

    @operation("Search", accepts="Resource SearchExpression SortBy SortOrder NextToken MaxResults")
    def search(self, request: SearchRequestTypeDef, call: Call) -> Mapping[str, object]:
        resource, expression = request["Resource"], request.get("SearchExpression", {})
        path, is_descending = request.get("SortBy", "CreationTime"), request.get("SortOrder") != "Ascending"
        experiment = only(expression, "ExperimentName")
        if resource == "ExperimentTrial" and path == "CreationTime" and experiment is not None:
            count = call.tx.count(Trial, parent=experiment)
            found, more = self._trials_of(call.tx, experiment, is_descending, request)
        else:
            matching = [one for one in self._all(call.tx, resource, expression) if _holds(expression, one)]
            mark = _mark(path, f"{resource.removeprefix('Experiment') or resource}Name")
            matching.sort(key=mark, reverse=is_descending)
            count = len(matching)
            found, more = PAGES.take(matching, request, mark, descending=is_descending)
        return {
            "Results": [{resource.removeprefix("Experiment") or resource: one} for one in found],
            "TotalHits": {"Value": count, "Relation": "EqualTo"},
            **more,
        }

    def _trials_of(
        self, tx: Transaction, experiment: str, is_descending: bool, request: SearchRequestTypeDef
    ) -> tuple[list[dict[str, Any]], dict[str, object]]:
        """A page of them in the order of their creation, which the database has: an experiment may have very many."""
        last = read_mark(request.get("NextToken"))
        trials = tx.each(Trial, parent=experiment, newest_first=is_descending, after=last)
        found, more = PAGES.take(trials, request, by_creation, descending=is_descending)
        return [self._trial(tx, one) for one in found], more

    def _all(self, tx: Transaction, resource: str, expression: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All that the expression may hold for."""
        match resource:
            case "Experiment":
                return [self._tagged(tx, describe_experiment(one), one.arn) for one in tx.all(Experiment)]
            case "ExperimentTrial":
                return [self._trial(tx, one) for one in _trials(tx, expression)]
            case "ExperimentTrialComponent":
                return [self._component(tx, one) for one in self._components(tx, expression)]
            case "TrainingJob":
                describe = "DescribeTrainingJob"
                names = [job.key for job in tx.all(TrainingJob)]
                return [dict(self._house.call("sagemaker", describe, {"TrainingJobName": name})) for name in names]
            case _:
                raise NotImplementedHere(f"sagemaker:Search of {resource}")

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

    def _trial(self, tx: Transaction, one: Trial) -> dict[str, Any]:
        return self._tagged(tx, describe_trial(one), one.arn)

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


def _holds(expression: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    if "NestedFilters" in expression:
        raise NotImplementedHere("sagemaker:Search with NestedFilters")
    tests = [_test(one, thing) for one in expression.get("Filters", ())]
    tests += [_holds(one, thing) for one in expression.get("SubExpressions", ())]
    return not tests or (any(tests) if expression.get("Operator") == "Or" else all(tests))


def _test(one: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    found, operator = _values(thing, one["Name"].split(".")), one.get("Operator", "Equals")
    if operator in ("Exists", "NotExists"):
        is_there = len(found) > 0
        return is_there is (operator == "Exists")
    wanted = str(one.get("Value", ""))
    if operator == "NotEquals":
        return all(_text(value) != wanted for value in found)
    return any(_compare(operator, value, wanted) for value in found)


def _compare(operator: str, value: Any, wanted: str) -> bool:
    match operator:
        case "Equals":
            return bool(_text(value) == wanted)
        case "Contains":
            return wanted in _text(value)
        case "In":
            return _text(value) in [item.strip() for item in wanted.split(",")]
    mine, other = _number(value), _number(wanted)
    return mine is not None and other is not None and ORDERINGS[operator](mine, other)


def _values(thing: Any, path: list[str]) -> list[Any]:
    """What stands at a dotted path. A list is entered item by item; metrics and tags are named by a part of the path."""
    if not path:
        return [thing]
    if isinstance(thing, list):
        named = [
            item for item in thing if isinstance(item, dict) and path[0] in (item.get("MetricName"), item.get("Key"))
        ]
        if named:
            rest = path[1:] or (["Value"] if "Key" in named[0] else ["Last"])
            return [value for item in named for value in _values(item, rest)]
        return [value for item in thing for value in _values(item, path)]
    if not isinstance(thing, Mapping):
        return []
    # A name may hold dots itself: `Parameters.SageMaker.InstanceType`.
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name in thing:
            return _values(_unwrapped(thing[name]) if length == len(path) else thing[name], path[length:])
    return []


def _unwrapped(value: Any) -> Any:
    """A parameter's value."""
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= {"NumberValue", "StringValue"}:
        return next(iter(value.values()))
    return value


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp()
    text = str(value)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def _mark(path: str, name: str) -> Callable[[Mapping[str, Any]], tuple[float, str, str]]:
    """What Search sorts by: the number at the path, or the text; and the name, which tells two things apart."""

    def mark(thing: Mapping[str, Any]) -> tuple[float, str, str]:
        found = _values(thing, path.split("."))
        number = _number(found[0]) if found else None
        return (number if number is not None else 0.0, _text(found[0]) if found else "", str(thing[name]))

    return mark
