"""Evaluates the section Conditions: which of the template's conditions hold.

Conditions know parameters and mappings only, so all of them are decided before the first resource is created.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.environment import Environment, Scope
from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.evaluation import evaluate
from mlsystem.engine.decide.template.intrinsic import function_of, text_of

EQUALS = "Template error: every Fn::Equals object requires a list of 2 string parameters."
COUNTS = "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
NOT = "Template error: every Fn::Not object requires a list of one boolean parameter."


def evaluate_conditions(conditions: Mapping[str, Json], scope: Scope) -> dict[str, bool]:
    """Truth of each condition by name. Raises TemplateError for an unknown name, a cycle, or a reference to a resource."""
    truth = _Truth(conditions, Environment(scope))
    return {name: truth.of(name) for name in conditions}


class _Truth:
    """Decides each condition once."""

    def __init__(self, conditions: Mapping[str, Json], environment: Environment):
        self._conditions = conditions
        self._environment = environment
        self._known: dict[str, bool] = {}
        self._open: list[str] = []

    def of(self, name: str) -> bool:
        if name in self._known:
            return self._known[name]
        if name not in self._conditions:
            raise TemplateError(
                f"Template format error: Unresolved condition dependency {name} in the Conditions block of the template",
                ("Conditions",),
            )
        if name in self._open:
            cycle = ", ".join(self._open[self._open.index(name) :])
            raise TemplateError(
                f"Template error: Circular dependency between conditions: [{cycle}]", ("Conditions", name)
            )
        self._open.append(name)
        self._known[name] = self._decide(self._conditions[name])
        self._open.pop()
        return self._known[name]

    def _decide(self, expression: Json) -> bool:
        if isinstance(expression, dict) and len(expression) == 1 and isinstance(expression.get("Condition"), str):
            return self.of(str(expression["Condition"]))
        call = function_of(expression)
        if call is not None:
            name, argument = call
            if name == "Fn::Equals":
                return self._equals(argument)
            if name == "Fn::Not":
                return not self._decide(_items(argument, 1, 1, NOT)[0])
            if name in {"Fn::And", "Fn::Or"}:
                truths = [self._decide(item) for item in _items(argument, 2, 10, COUNTS.format(name=name))]
                return all(truths) if name == "Fn::And" else any(truths)
        raise TemplateError(
            "Template format error: Every Conditions member must be a call of Fn::And, Fn::Equals, Fn::Not, Fn::Or or Condition."
        )

    def _equals(self, argument: Json) -> bool:
        left, right = (self._operand(item) for item in _items(argument, 2, 2, EQUALS))
        return left == right

    def _operand(self, item: Json) -> Json:
        """Scalars compare as CloudFormation writes them: `true` equals `"true"`."""
        result = evaluate(item, Environment(self._environment.scope.model_copy(update={"conditions": self._known})))
        if result.unresolved:
            names = ", ".join(sorted({reference.logical_id for reference in result.unresolved}))
            raise TemplateError(
                f"Template format error: Unresolved dependencies [{names}]. Cannot reference resources in the Conditions block"
                " of the template"
            )
        text = text_of(result.value)
        return result.value if text is None else text


def _items(argument: Json, least: int, most: int, complaint: str) -> list[Json]:
    if not isinstance(argument, list) or not least <= len(argument) <= most:
        raise TemplateError(complaint)
    return argument
