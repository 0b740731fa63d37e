"""REST APIs, deployments and stages as rows."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.durable.machine import Action, Event, Notice, Step
from mlsystem.engine.services.apigateway.definition import Method
from mlsystem.engine.store.records import Record

PUBLISH = "apigateway.publish_stage"
STAGE_PUBLISHED = "apigateway.stage.published"
TARGET_WANTED = "lambda.target.wanted"


class ApiRecord(Record):
    """`key` is the id, `settings` the members of the API beside its name."""

    kind: ClassVar[str] = "apigateway.rest_api"
    name: str
    settings: dict[str, Any] = Field(default_factory=dict)
    methods: tuple[Method, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)


class DeploymentRecord(Record):
    """`key` is `api:id`, `parent` the API: its methods as they were when it was deployed."""

    kind: ClassVar[str] = "apigateway.deployment"
    description: str = ""
    methods: tuple[Method, ...]
    binary_media_types: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.key.split(":")[1]


class StageRecord(Record):
    """`key` is `api:stage`, `parent` the API. `is_published`: hosts know it, so the door may send them its requests."""

    kind: ClassVar[str] = "apigateway.stage"
    deployment_id: str
    description: str = ""
    variables: dict[str, str] = Field(default_factory=dict)
    method_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    targets: tuple[str, ...] = ()
    revision: int = 0
    is_published: bool = False

    @property
    def name(self) -> str:
        return self.key.split(":")[1]


class RoutingRecord(Record):
    """`key` is a target, `versions` its versions: number, share, the socket of its host below the data folder. As Lambda told."""

    kind: ClassVar[str] = "apigateway.routing"
    versions: tuple[tuple[str, float, str], ...]


class ApiKeyRecord(Record):
    """`key` is the id, `value` what a client sends."""

    kind: ClassVar[str] = "apigateway.api_key"
    name: str
    value: str
    description: str = ""
    is_enabled: bool = False
    tags: dict[str, str] = Field(default_factory=dict)


class UsagePlanRecord(Record):
    """`key` is the id, `stages` those that its keys open, as `api:stage`. `throttle` of each client: burst and rate."""

    kind: ClassVar[str] = "apigateway.usage_plan"
    name: str
    description: str = ""
    stages: tuple[str, ...] = ()
    throttle: tuple[int, float] | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class UsagePlanKeyRecord(Record):
    """`key` is `plan:key`, `parent` the plan."""

    kind: ClassVar[str] = "apigateway.usage_plan_key"
    api_key: str


class StageMachine:
    """`changed`: write it down for the hosts, then let the door send requests; `published`: done."""

    model = StageRecord

    def advance(self, record: StageRecord, event: Event, at: float) -> Step[StageRecord]:
        match event.name:
            case "changed":
                changed = record.changed(state="Publishing", revision=record.revision + 1)
                return Step(
                    changed,
                    actions=(Action(PUBLISH, key=f"{record.key}/{changed.revision}"),),
                    notices=tuple(Notice(TARGET_WANTED, {"target": target}) for target in changed.targets),
                )
            case "published":
                published = record.changed(state="Published", is_published=True)
                return Step(published, notices=(Notice(STAGE_PUBLISHED, {"stage": record.key}),))
            case _:
                return Step(record)
