"""What a room is, and what it is given.

A room plays one AWS service. It is made of parts, one noun each (training jobs, endpoints), and every part says which operations it
answers, which machines, actions and notices are its own. Rooms know each other only through `House.call`, with the shapes that a boto3
client would use, and through notices.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from starlette.types import ASGIApp

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.durable.machine import Machine
from mlsystem.engine.durable.worker import ActionHandler, NoticeHandler, Worker
from mlsystem.engine.permission import Permissions, Requirement
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.folder import DataFolder


@dataclass(frozen=True)
class Principal:
    """Who calls: the ARN of a user, of the root, of a role's session (`arn:aws:sts::A:assumed-role/R/S`), or the name of a service.

    `source_arn` is the resource for which a service calls (aws:SourceArn): a rule, a schedule. `via` is the service that calls on behalf
    of the principal (`s3`). `assumed_by` is the service that acts in the role, which the role must trust then (`lambda.amazonaws.com`).
    """

    arn: str
    account: str
    source_arn: str = ""
    via: str = ""
    assumed_by: str = ""

    @property
    def is_service(self) -> bool:
        """An AWS service that calls for itself, such as `events.amazonaws.com`: only policies of resources speak of it."""
        return not self.arn.startswith("arn:")

    @property
    def role_name(self) -> str | None:
        """The role behind a session, None for other principals."""
        resource = self.arn.split(":", 5)[-1]
        return resource.split("/")[1] if resource.startswith("assumed-role/") else None


# Where the programs that run here fetch the keys of their roles.
CREDENTIALS_PATH = "/_mlsystem/credentials"

Mode = Literal["write", "read", "free"]


@dataclass(frozen=True)
class Operation:
    """An operation that a part answers.

    `accepts` are the top-level members of the request that it understands: any other is refused by name. `write` runs in one
    transaction, `read` on a snapshot, `free` outside of both, for what waits or streams.
    """

    name: str
    accepts: frozenset[str]
    mode: Mode


class Call:
    """The circumstances of one operation."""

    def __init__(self, principal: Principal, tx: Transaction | None, request_id: str):
        self.principal = principal
        self.request_id = request_id
        self._tx = tx

    @property
    def tx(self) -> Transaction:
        if self._tx is None:
            raise EngineError("an operation of mode `free` has no transaction: it opens its own")
        return self._tx

    @property
    def now(self) -> float:
        return self.tx.now


F = TypeVar("F", bound=Callable[..., Mapping[str, object]])

READING = ("Describe", "List", "Get", "Head", "BatchGet", "Search", "Lookup", "Filter")


def operation(name: str, accepts: str = "", mode: Mode | None = None) -> Callable[[F], F]:
    """Marks the method `(self, request, call) -> response` that answers the operation `name`.

    `accepts`: the members that it understands, separated by white space. `mode` is `read` for names like Describe, List and Get unless
    given, else `write`.
    """
    chosen: Mode = mode or ("read" if name.startswith(READING) else "write")

    def mark(method: F) -> F:
        method.__operation__ = Operation(name, frozenset(accepts.split()), chosen)  # type: ignore[attr-defined]
        return method

    return mark


class Part:
    """Base of the parts of a room; a part overrides what it has."""

    def machines(self) -> Sequence[Machine[Any]]:
        return ()

    def actions(self) -> Mapping[str, ActionHandler]:
        """By full name, `<room>.<verb>`."""
        return {}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        """By topic."""
        return {}

    def start(self) -> None:
        """Called once everything is registered, before the first request: adopt what lives, sweep what does not."""

    def tidy(self, now: float) -> None:
        """Called once a day: forget what is past its age at `now` (seconds since the epoch), a little in each transaction."""

    def is_restored(self) -> bool:
        """Whether what served when the last engine ended serves again."""
        return True

    def stop(self) -> None:
        """Called when the engine ends in good order."""


Handler = Callable[[Any, Call], Mapping[str, object]]


class Room:
    """One AWS service, by its botocore name, and the parts that play it.

    `permissions` say what each operation asks of its caller. `mounts` are ASGI applications by path prefix, for what a service speaks
    beside its API (Git over HTTP); they authenticate for themselves.
    """

    def __init__(
        self,
        service: str,
        parts: Sequence[Part],
        permissions: Permissions,
        mounts: Mapping[str, ASGIApp] | None = None,
    ):
        self.service = service
        self.permissions = permissions
        self.mounts = dict(mounts or {})
        self.parts = tuple(parts)
        self.operations: dict[str, tuple[Operation, Handler]] = {}
        for part in parts:
            self._collect(part)
        differing = sorted(self.operations.keys() ^ permissions.entries.keys())
        if differing:
            raise EngineError(f"{service}: operations and their permissions differ by {', '.join(differing)}")

    def _collect(self, part: Part) -> None:
        for attribute in (name for name in dir(type(part)) if not name.startswith("__")):
            mark: Operation | None = getattr(getattr(type(part), attribute), "__operation__", None)
            if mark is None:
                continue
            if mark.name in self.operations:
                raise EngineError(f"{self.service}:{mark.name} is answered twice")
            self.operations[mark.name] = (mark, getattr(part, attribute))

    def register(self, worker: Worker) -> None:
        """Tell the worker what is this room's."""
        for part in self.parts:
            for machine in part.machines():
                worker.register_machine(machine)
            for name, handler in part.actions().items():
                worker.register_action(name, handler)
            for topic, subscriber in part.subscriptions().items():
                worker.subscribe(f"{self.service}.{type(part).__name__}", topic, subscriber)


class Caller(Protocol):
    """Calls an operation of any room.

    Same request and response shapes as a boto3 client of that service; raises AwsError. Inside a transaction the callee joins it.
    """

    def __call__(
        self, service: str, operation: str, request: Mapping[str, Any], principal: Principal | None = None
    ) -> dict[str, Any]:
        """`principal` None means the engine itself, where AWS acts by its own right: nothing is asked."""
        ...


class Demand(Protocol):
    """Demands of a principal what AWS asks beside the operation itself. Raises AwsError, with the code of `service`."""

    def __call__(self, service: str, principal: Principal, *requirements: Requirement) -> None: ...


@dataclass(frozen=True)
class House:
    """What every room is given."""

    scope: Scope
    clock: Clock
    database: Database
    worker: Worker
    folder: DataFolder
    call: Caller
    # Where a client reaches the front door, e.g. "http://127.0.0.1:4580"; with TLS it begins with https.
    door_url: str
    demand: Demand

    @property
    def has_tls(self) -> bool:
        return self.door_url.startswith("https:")

    @property
    def inside_url(self) -> str:
        """Where a program that has the door as its way out reaches it: without TLS, as a socket of the machine's own leads there."""
        return f"http:{self.door_url.partition(':')[2]}"

    @property
    def root(self) -> Principal:
        return Principal(self.scope.global_arn("iam", "root"), self.scope.account)

    def session_of(self, role_arn: str, session: str, service: str = "") -> Principal:
        """The principal that a workload of this role is; or `service` ("lambda"), where it acts in the role itself."""
        role = role_arn.rsplit("/", 1)[-1]
        arn = self.scope.global_arn("sts", f"assumed-role/{role}/{session}")
        return Principal(arn, self.scope.account, assumed_by=f"{service}.amazonaws.com" if service else "")

    def service(self, name: str, source_arn: str = "") -> Principal:
        """The principal that a service is when it calls for itself; `source_arn`: the resource that it does so for."""
        return Principal(f"{name}.amazonaws.com", self.scope.account, source_arn)

    def new_id(self, length: int = 12) -> str:
        """A random lower-case hexadecimal id."""
        return secrets.token_hex((length + 1) // 2)[:length]
