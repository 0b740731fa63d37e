"""Experiments, trials and what they are made of, as rows.

A job that names a trial has a component there. That component is not stored: it is read from the job whenever somebody asks, so it
cannot lag behind it. What is stored are components that a client made, and what was said about a job's (deleted, taken out of a trial).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class Experiment(Record):
    """`key` is the name."""

    kind: ClassVar[str] = "sagemaker.experiment"
    arn: str
    display_name: str = ""
    description: str = ""


class Trial(Record):
    """`key` is the name, `parent` the experiment's."""

    kind: ClassVar[str] = "sagemaker.trial"
    arn: str
    display_name: str = ""


class ComponentState(StrEnum):
    """Whether there is such a component."""

    PRESENT = "Present"
    DELETED = "Deleted"  # the job is still there, its component is not


class TrialComponent(Record):
    """`key` is the name; `about` are the members that CreateTrialComponent and UpdateTrialComponent take."""

    kind: ClassVar[str] = "sagemaker.trial_component"
    arn: str = ""
    about: dict[str, Any] = Field(default_factory=dict)


class Association(Record):
    """`key` is `trial/component`, `parent` the trial's name. `is_removed`: a job's component was taken out."""

    kind: ClassVar[str] = "sagemaker.trial_association"
    component: str
    is_removed: bool = False


def require_experiment(tx: Transaction, name: str) -> Experiment:
    found = tx.get(Experiment, name)
    if found is None:
        raise missing("Experiment", name)
    return found


def require_trial(tx: Transaction, name: str) -> Trial:
    found = tx.get(Trial, name)
    if found is None:
        raise missing("Trial", name)
    return found


def check_free(tx: Transaction, model: type[Experiment | Trial | TrialComponent], name: str) -> None:
    """Names are not case-sensitive, and ARNs hold them in small letters. Raises AwsError(ValidationException)."""
    held = next((key for _, key in tx.each_key(model) if key.lower() == name.lower()), None)
    if held is not None:
        raise taken(model.__name__, held)


def missing(kind: str, name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"{kind} {name} does not exist.")


def taken(kind: str, name: str) -> AwsError:
    return AwsError("ValidationException", f"{kind} names must be unique: {kind} {name} already exists.")
