"""An execution under way, as data: all that `advance` needs beside the machine and the event.

It is JSON and carries its version, so that a newer interpreter can read what an older one wrote.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.decide.states.documents import Json


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Gathering(_Data):
    """What a Parallel or Map state that is running has and still lacks.

    `results` are by place, as text. `items` are a Map's: the array's own if `is_selected` is false, else what each
    iteration is given.
    """

    total: int
    concurrency: int
    started: int = 0
    results: dict[str, Json] = Field(default_factory=dict)
    failed: int = 0
    items: list[Json] = Field(default_factory=list)
    is_selected: bool = False
    tolerated_count: int | None = None
    tolerated_percentage: float | None = None


class Visit(_Data):
    """One stay in a state, from entering to leaving, however often it is tried again."""

    state: str
    input: Json
    entered_at: float
    entered_event: int
    # The event before it was entered: AWS hangs a failed evaluation there.
    event_before: int
    attempts: dict[str, int] = Field(default_factory=dict)
    retry_count: int = 0
    token: str | None = None
    gathering: Gathering | None = None


class Strand(_Data):
    """A line of states that follow each other: the machine, a branch of a Parallel state or an iteration of a Map
    state.

    `place` is the branch or iteration, `flow` the flow of the parent's state that it follows.
    """

    parent: str | None = None
    place: int = 0
    flow: int = 0
    variables: dict[str, Json] = Field(default_factory=dict)
    map_item: Json = None
    previous_event: int = 0
    visit: Visit | None = None
    # Of one that was given up, or has to wait for its turn, before it had entered its next state: the state, and what it was to be given.
    entering: tuple[str, Json] | None = None


class Timer(_Data):
    """A timer that runs, for a strand or (None) for the whole execution. `turn`: for what was about to enter a state."""

    purpose: Literal["execution", "turn", "wait", "retry", "timeout", "heartbeat"]
    strand: str | None = None
    after_seconds: float | None = None
    at: float | None = None


class Execution(_Data):
    """`strands`, `tokens` and `timers` hold what is alive; an execution that ended has none of them.

    `interrupted` are the strands that an end other than success has cut off: a redrive goes on with them.
    """

    version: Literal[1] = 1
    arn: str
    name: str
    role_arn: str
    start_time: float
    state_machine_arn: str
    state_machine_name: str
    input: Json
    has_ended: bool = False
    draws: int = 0
    last_event: int = 0
    last_strand: int = 0
    last_timer: int = 0
    strands: dict[str, Strand] = Field(default_factory=dict)
    # Which strand a task's token belongs to.
    tokens: dict[str, str] = Field(default_factory=dict)
    timers: dict[str, Timer] = Field(default_factory=dict)
    interrupted: dict[str, Strand] = Field(default_factory=dict)
    redrive_count: int = 0
    redriven_at: float | None = None
