"""What is to be said of production's drift now: the newest execution that found something, and what happens beside it."""

from __future__ import annotations

from dataclasses import dataclass

from mlsystem.client.connection import Connection
from mlsystem.client.drift.executions import Executions, ExecutionView, Outcome
from mlsystem.client.drift.findings import Findings, read_findings
from mlsystem.client.drift.schedules import production_of
from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import Project
from mlsystem.client.stored_file import FinalDocuments

LOOKED_AT = 10  # of the newest executions
EARLIER = 50  # of those of the account, where the endpoint has none


@dataclass(frozen=True)
class Watch:
    """`chosen` is the execution that is told of, None where there is none; `trouble` says why its findings cannot be read.

    `earlier`: where this endpoint was never checked, the last execution of the version that served before it.
    """

    endpoint: str
    schedule: str | None
    under_way: tuple[ExecutionView, ...]
    failed: ExecutionView | None
    chosen: Outcome | None
    findings: Findings | None
    trouble: str
    earlier: ExecutionView | None


def watch(connection: Connection, project: Project, documents: FinalDocuments, job: str = "") -> Watch | None:
    """None where production was never deployed. `job` chooses an execution. Raises NotFound for one that is not there."""
    production = production_of(connection, project)
    if production is None:
        return None
    executions = Executions(connection)
    recent = executions.of_endpoint(production.endpoint, LOOKED_AT).executions
    newest = next((one for one in recent if one.has_found), None)
    job = job or (newest.job if newest else "")
    chosen = executions.outcome(job) if job else None
    findings, trouble = _found(connection, documents, chosen)
    ended = next((one for one in recent if not one.is_under_way), None)
    return Watch(
        endpoint=production.endpoint,
        schedule=production.schedule,
        under_way=tuple(one for one in recent if one.is_under_way),
        failed=ended if ended and not ended.has_found else None,
        chosen=chosen,
        findings=findings,
        trouble=trouble,
        earlier=None if chosen else _earlier(executions, project),
    )


def _found(connection: Connection, documents: FinalDocuments, chosen: Outcome | None) -> tuple[Findings | None, str]:
    if chosen is None:
        return None, ""
    if not chosen.status.startswith("Completed"):
        return None, chosen.failure_reason or f"the execution is {chosen.status}"
    try:
        return read_findings(connection, documents, chosen.folder), ""
    except ClientFailure as error:
        return None, str(error)


def _earlier(executions: Executions, project: Project) -> ExecutionView | None:
    own = f"{project.prefix}-{project.model_name}-"
    return next(
        (one for one in executions.everywhere(EARLIER).executions if one.has_found and one.endpoint.startswith(own)),
        None,
    )
