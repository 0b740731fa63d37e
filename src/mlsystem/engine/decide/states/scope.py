"""What an expression of a state can see, whichever the query language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlsystem.engine.decide.states.chance import Chance
from mlsystem.engine.decide.states.documents import Json


@dataclass(frozen=True)
class Scope:
    """`context` is the Context Object; `variables` are those that the state may use, as they were when it was entered.

    `at` is the instant that is now for the expression, in seconds since the epoch; `chance` is where random numbers
    come from.
    """

    context: Json
    variables: Mapping[str, Json]
    chance: Chance
    at: float
