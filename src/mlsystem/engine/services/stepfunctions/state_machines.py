"""State machines: their definitions. https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html

A definition is parsed when it comes in, so that what an execution runs is known to be valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide import states
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.decide.states.machine import Flow, StateType
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.permission import Requirement
from mlsystem.engine.services.stepfunctions.execution import Execution, Status
from mlsystem.engine.services.stepfunctions.listing import PAGES, when
from mlsystem.engine.services.stepfunctions.resource import is_activity, resource_of
from mlsystem.engine.services.stepfunctions.state_machine import (
    Alias,
    StateMachine,
    Version,
    check_name,
    require_state_machine,
)
from mlsystem.engine.services.stepfunctions.versions import publish
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import (
        CreateStateMachineInputTypeDef,
        DeleteStateMachineInputTypeDef,
        DescribeStateMachineForExecutionInputTypeDef,
        DescribeStateMachineInputTypeDef,
        ListStateMachinesInputTypeDef,
        UpdateStateMachineInputTypeDef,
        ValidateStateMachineDefinitionInputTypeDef,
    )

MANAGED_RULES = {
    "sagemaker:createTrainingJob.sync": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "sagemaker:createProcessingJob.sync": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "sagemaker:createTransformJob.sync": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
}
NO_LOGGING = {"level": "OFF", "includeExecutionData": False}


class StateMachines(Part):
    """Create, update, describe, list, delete, validate."""

    def __init__(self, house: House):
        self._house = house

    @operation(
        "CreateStateMachine",
        accepts="name definition roleArn type tags loggingConfiguration tracingConfiguration publish versionDescription",
    )
    def create(self, request: CreateStateMachineInputTypeDef, call: Call) -> Mapping[str, object]:
        _refuse_settings("CreateStateMachine", request)
        check_name(request["name"])
        check_definition(request["definition"])
        demand_rules(self._house, request["roleArn"], request["definition"])
        arn = self._house.scope.arn("states", f"stateMachine:{request['name']}")
        tags = {tag["key"]: tag["value"] for tag in request.get("tags", ())}
        wanted = StateMachine(
            key=arn, name=request["name"], definition=request["definition"], role_arn=request["roleArn"], tags=tags
        )
        found = call.tx.get(StateMachine, arn)
        if found is None:
            found = call.tx.add(wanted)
        elif (found.definition, found.role_arn) != (wanted.definition, wanted.role_arn):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        answer = {"stateMachineArn": arn, "creationDate": when(found.created_at)}
        return answer | _published(call.tx, found, request)

    @operation(
        "UpdateStateMachine",
        accepts="""stateMachineArn definition roleArn loggingConfiguration tracingConfiguration publish
            versionDescription""",
    )
    def update(self, request: UpdateStateMachineInputTypeDef, call: Call) -> Mapping[str, object]:
        _refuse_settings("UpdateStateMachine", request)
        found = require_state_machine(call.tx, request["stateMachineArn"])
        if not request.keys() - {"stateMachineArn"}:
            raise AwsError(
                "MissingRequiredParameter", "Either the definition, the role ARN or a setting must be specified"
            )
        changes: dict[str, Any] = {"revision": self._house.new_id(32)}
        if "definition" in request:
            check_definition(request["definition"])
            changes["definition"] = request["definition"]
        if "roleArn" in request:
            changes["role_arn"] = request["roleArn"]
        changed = found.changed(**changes)
        demand_rules(self._house, changed.role_arn, changed.definition)
        updated = call.tx.put(changed)
        answer = {"updateDate": when(updated.updated_at), "revisionId": updated.revision}
        return answer | _published(call.tx, updated, request)

    @operation("DescribeStateMachine", accepts="stateMachineArn includedData")
    def describe(self, request: DescribeStateMachineInputTypeDef, call: Call) -> Mapping[str, object]:
        version = call.tx.get(Version, request["stateMachineArn"])
        found = require_state_machine(call.tx, version.parent if version else request["stateMachineArn"])
        shown = version or found
        answer: dict[str, object] = {
            **_summary(found),
            "stateMachineArn": shown.key,
            "creationDate": when(shown.created_at),
            "status": "ACTIVE",
            "definition": shown.definition,
            "roleArn": shown.role_arn,
            "loggingConfiguration": NO_LOGGING,
            "tracingConfiguration": {"enabled": False},
        }
        if version is not None and version.description:
            answer["description"] = version.description
        return answer | ({"revisionId": shown.revision} if shown.revision else {})

    @operation("DescribeStateMachineForExecution", accepts="executionArn includedData")
    def describe_for_execution(
        self, request: DescribeStateMachineForExecutionInputTypeDef, call: Call
    ) -> Mapping[str, object]:
        execution = call.tx.get(Execution, request["executionArn"])
        if execution is None:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{request['executionArn']}'")
        return {
            "stateMachineArn": execution.parent,
            "name": execution.parent.rsplit(":", 1)[-1],
            "definition": execution.definition,
            "roleArn": execution.role_arn,
            "updateDate": when(execution.created_at),
            "loggingConfiguration": NO_LOGGING,
            "tracingConfiguration": {"enabled": False},
        }

    @operation("ListStateMachines", accepts="maxResults nextToken")
    def list_state_machines(self, request: ListStateMachinesInputTypeDef, call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(StateMachine), request, "stateMachines", by_creation, _summary)

    @operation("DeleteStateMachine", accepts="stateMachineArn")
    def delete(self, request: DeleteStateMachineInputTypeDef, call: Call) -> Mapping[str, object]:
        """Its executions are stopped; AWS too lets none of them go on."""
        arn = request["stateMachineArn"]
        for execution in call.tx.all(Execution, parent=arn, state=Status.RUNNING):
            self._house.worker.send(call.tx, Execution, execution.key, Event("stop_requested"))
        for model in (Version, Alias):
            for one in call.tx.all(model, parent=arn):
                call.tx.remove(model, one.key)
        call.tx.remove(StateMachine, arn)
        return {}

    @operation("ValidateStateMachineDefinition", accepts="definition type severity maxResults", mode="read")
    def validate(self, request: ValidateStateMachineDefinitionInputTypeDef, call: Call) -> Mapping[str, object]:
        try:
            check_definition(request["definition"])
        except states.InvalidDefinition as invalid:
            found = [
                {"severity": "ERROR", "code": fault.code, "message": fault.message, "location": fault.location}
                for fault in invalid.faults
            ]
            most = request.get("maxResults") or 100
            return {"result": "FAIL", "diagnostics": found[:most], "truncated": len(found) > most}
        return {"result": "OK", "diagnostics": [], "truncated": False}


def check_definition(text: str) -> None:
    """Raises InvalidDefinition, which names each fault: of the language, and of tasks that nothing here can do."""
    machine = states.parse(text)
    faults = []
    for name, resource in resources(machine.flow):
        try:
            if not is_activity(resource):
                resource_of(resource)
        except AwsError as error:
            faults.append(states.Fault("SCHEMA_VALIDATION_FAILED", error.message, f"/States/{name}/Resource"))
    if faults:
        raise states.InvalidDefinition(faults)


def resources(flow: Flow) -> Iterator[tuple[str, str]]:
    """Name and Resource of each task, also those inside of others."""
    for name, state in flow.states.items():
        if state.type is StateType.TASK:
            yield name, state.resource
        for inner in state.flows:
            yield from resources(inner)


def demand_rules(house: House, role: str, definition: str) -> None:
    """Step Functions learns of the end of a job through rules that it makes as the machine's role. Raises AwsError.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html#sagemaker-iam
    """
    for _, resource in resources(states.parse(definition).flow):
        name = MANAGED_RULES.get(resource.partition(":::")[2])
        if name is None:
            continue
        rule = house.scope.arn("events", f"rule/{name}")
        wanted = [Requirement(f"events:{action}", rule) for action in ("PutTargets", "PutRule", "DescribeRule")]
        try:
            house.demand("stepfunctions", house.session_of(role, "states", "states"), *wanted)
        except AwsError as error:
            message = f"'{role}' is not authorized to create managed-rule. {error.message}"
            raise AwsError("AccessDeniedException", message) from error


def _published(tx: Transaction, machine: StateMachine, request: Mapping[str, Any]) -> dict[str, Any]:
    """The member of an answer, where a version is asked for too."""
    if request.get("publish"):
        return {"stateMachineVersionArn": publish(tx, machine, request.get("versionDescription", "")).key}
    if "versionDescription" in request:
        raise AwsError("ValidationException", "versionDescription is for a request that says publish.")
    return {}


def _refuse_settings(operation_name: str, request: Mapping[str, Any]) -> None:
    if request.get("type", "STANDARD") != "STANDARD":
        raise NotImplementedHere(f"stepfunctions:{operation_name} with type {request['type']}", "use STANDARD")
    if request.get("loggingConfiguration", NO_LOGGING).get("level", "OFF") != "OFF":
        raise NotImplementedHere(
            f"stepfunctions:{operation_name} with loggingConfiguration", "GetExecutionHistory tells every event"
        )
    if request.get("tracingConfiguration", {}).get("enabled"):
        raise NotImplementedHere(f"stepfunctions:{operation_name} with tracingConfiguration")


def _summary(found: StateMachine) -> dict[str, object]:
    return {
        "stateMachineArn": found.key,
        "name": found.name,
        "type": "STANDARD",
        "creationDate": when(found.created_at),
    }
