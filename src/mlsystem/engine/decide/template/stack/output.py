"""Evaluates the outputs of a stack whose resources are there."""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.template.environment import Known
from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.intrinsic import text_of
from mlsystem.engine.decide.template.stack.state import OutputValue
from mlsystem.engine.decide.template.target import Target, TargetOutput, settle


def evaluate_outputs(target: Target, known: Mapping[str, Known]) -> dict[str, OutputValue]:
    """Raises TemplateError for a value that is no text."""
    return {name: _evaluate(output, known) for name, output in target.outputs.items()}


def _evaluate(output: TargetOutput, known: Mapping[str, Known]) -> OutputValue:
    text = text_of(settle(output.value, known).value)
    if text is None:
        raise TemplateError(
            f"Template format error: The Value field of every Outputs member must evaluate to a String ({output.name})."
        )
    return OutputValue(value=text, description=output.description, export_name=output.export_name)
