"""Where the history of a project comes from: one source for each kind, a page of its service's list at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.delivery import Delivery
from mlsystem.client.deployment_pages import deployment_page
from mlsystem.client.errors import ClientFailure
from mlsystem.client.history import FIRST, Happening, Kind, Source, SourcePage, reached
from mlsystem.client.project import Project
from mlsystem.client.releases import ALIAS, shifted_versions
from mlsystem.client.retraining import DecisionView, Retraining
from mlsystem.client.stack import Stack
from mlsystem.client.stored_file import FinalDocuments

EXECUTIONS, ACTIONS, DECISIONS = 25, 100, 25  # asked for at once
NOTHING = SourcePage((), FIRST)
TOOK_OVER = "Took over"


class HistorySources:
    """Of one project. What was never deployed has no history, which is none."""

    def __init__(self, connection: Connection, project: Project, documents: FinalDocuments):
        self._connection = connection
        self._delivery = Delivery(connection, project)
        self._retraining = Retraining(connection, project, documents)
        self._codedeploy = connection.client("codedeploy")
        self._lambda = connection.client("lambda")
        self._stack = Stack(connection, project.deployed_stack("prd"))

    @cached_property
    def _outputs(self) -> dict[str, str]:
        """For as long as a page is made."""
        return self._stack.outputs()

    def all(self) -> dict[Kind, Source]:
        return {
            Kind.EXECUTION: self.executions,
            Kind.APPROVAL: self.approvals,
            Kind.DEPLOYMENT: self.deployments,
            Kind.SERVED: self.served,
            Kind.RETRAINING: self.decisions,
        }

    def executions(self, token: str) -> SourcePage:
        page = self._delivery.page(token, EXECUTIONS)
        found = tuple(
            Happening(
                one.started,
                Kind.EXECUTION,
                one.id,
                one.status,
                one.trigger_detail,
                ended=one.updated,
                about={"trigger": one.trigger, "back_to": one.back_to, "detail": one.trigger_detail},
            )
            for one in page.executions
        )
        return SourcePage(found, reached(found), page.older)

    def approvals(self, token: str) -> SourcePage:
        """Told of when they were asked for: CodePipeline's list is in that order."""
        runs, older = self._delivery.all_runs(token, ACTIONS)
        found = tuple(
            Happening(
                run.started or FIRST,
                Kind.APPROVAL,
                f"{execution}/{run.name}",
                {"Succeeded": "Approved", "Failed": "Rejected", "InProgress": "Waiting"}.get(run.status, run.status),
                run.by,
                run.summary if run.status != "InProgress" else "",
                run.changed if run.status != "InProgress" else None,
                {"execution": execution},
            )
            for execution, run in runs
            if run.category == "Approval"
        )
        return SourcePage(found, min((run.started or FIRST for _, run in runs), default=FIRST), older)

    def deployments(self, token: str) -> SourcePage:
        return self._shifts(token, (), _deployment)

    def served(self, token: str) -> SourcePage:
        """What took over when; last what the stack's creation brought, which no deployment did."""
        page = self._shifts(token, ("Succeeded",), _served)
        first = () if page.older else self._first(page.happenings[-1].about["before"] if page.happenings else "")
        return replace(page, happenings=(*page.happenings, *first))

    def decisions(self, token: str) -> SourcePage:
        decisions, older = self._retraining.page(token, DECISIONS)
        found = tuple(map(_decision, decisions))
        return SourcePage(found, reached(found), older)

    def _first(self, version: str) -> tuple[Happening, ...]:
        """That version, or without one the one that serves: there was no other. Nothing where it is gone by now."""
        function = self._outputs.get("ApiFunctionName", "")
        if not function:
            return ()
        try:
            own = version or self._lambda.get_alias(FunctionName=function, Name=ALIAS)["FunctionVersion"]
            found = self._lambda.get_function_configuration(FunctionName=function, Qualifier=own)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return ()
            raise ClientFailure(f"{error.operation_name}: {error.response['Error']['Message']}") from error
        at = datetime.fromisoformat(found["LastModified"])
        return (Happening(at, Kind.SERVED, f"version {own}", TOOK_OVER, about={"version": own, "before": ""}),)

    def _shifts(
        self, token: str, statuses: tuple[str, ...], told: Callable[[Mapping[str, Any]], Happening]
    ) -> SourcePage:
        """Deployments of the API."""
        outputs = self._outputs
        if "DeploymentGroup" not in outputs:
            return NOTHING
        group = {
            "applicationName": outputs["DeploymentApplication"],
            "deploymentGroupName": outputs["DeploymentGroup"],
        }
        described, older = deployment_page(self._codedeploy, group, token, statuses)
        happenings = tuple(map(told, described))
        return SourcePage(happenings, reached(happenings), older)


def _deployment(info: Mapping[str, Any]) -> Happening:
    before, after = shifted_versions(info)
    error, back = info.get("errorInformation", {}), info.get("rollbackInfo", {})
    return Happening(
        info["createTime"],
        Kind.DEPLOYMENT,
        info["deploymentId"],
        info["status"],
        info.get("creator", ""),
        error.get("message", "") or back.get("rollbackMessage", ""),
        info.get("completeTime"),
        {
            "before": before,
            "after": after,
            "way": info.get("deploymentConfigName", ""),
            "description": info.get("description", ""),
            "back_to": back.get("rollbackTriggeringDeploymentId", ""),
        },
    )


def _served(info: Mapping[str, Any]) -> Happening:
    """The version that answers once a deployment has succeeded. A rollback is a deployment too."""
    before, after = shifted_versions(info)
    at = info.get("completeTime", info["createTime"])
    return Happening(at, Kind.SERVED, info["deploymentId"], TOOK_OVER, about={"version": after, "before": before})


def _decision(decision: DecisionView) -> Happening:
    about = {name: str(value) for name, value in decision.details.items() if not isinstance(value, dict | list)}
    return Happening(
        decision.time,
        Kind.RETRAINING,
        str(decision.details.get("Id", decision.time.isoformat())),
        decision.decision,
        decision.trigger,
        decision.reason,
        about=about,
    )
