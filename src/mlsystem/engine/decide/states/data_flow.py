"""How data goes into a state and out of it, whichever the query language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mlsystem.engine.decide.states.documents import Json


class DataFlow(Protocol):
    """One state with its input. Every method raises StateFailure."""

    def arguments(self) -> Json:
        """What the state's work is given: the input after InputPath and Parameters, or the Arguments."""
        ...

    def selected(self) -> Json:
        """The input after InputPath; with JSONata just the input."""
        ...

    def setting(self, name: str, inside: str | None = None) -> Json:
        """The value of a field that may be given by a path or an expression ("TimeoutSeconds"); None if it is not
        there.

        `inside` is the field that holds it, if it is not the state's own ("ItemBatcher").
        """
        ...

    def credentials(self) -> Json:
        """The value of Credentials; None if it is not there."""
        ...

    def output(self, result: Json) -> Json:
        """The state's output for the result of its work."""
        ...

    def passed(self, fields: Mapping[str, Json]) -> Json:
        """The output of a state that has no result; `fields` are the state's or a Choice Rule's."""
        ...

    def assigned(self, fields: Mapping[str, Json], result: Json, has_result: bool = True) -> dict[str, Json]:
        """The variables that `fields`, the state's or a Choice Rule's, assign."""
        ...

    def caught(self, fields: Mapping[str, Json], error_output: Json) -> tuple[Json, dict[str, Json]]:
        """Output and variables after an error that a Catcher, whose `fields` they are, has caught."""
        ...

    def items(self) -> list[Json]:
        """A Map's array."""
        ...

    def item(self, fields: Mapping[str, Json], item: Json, index: int) -> Json:
        """What ItemSelector makes of an item."""
        ...

    def batch_input(self) -> Json:
        """BatchInput of a Map's ItemBatcher; None if it is not there."""
        ...
