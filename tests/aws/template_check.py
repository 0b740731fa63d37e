"""What linters do not see in a stack: a canary that CodeDeploy does not have, more instances at least than at most, an alarm that nobody
hears, a schedule that never comes. On the stack as it is to be, with its parameters put in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.schedule import CronSchedule, read_schedule
from mlsystem.engine.decide.template import (
    expand,
    load,
    make_scope,
    make_target,
    parameter_values,
    pseudo_parameters,
    resolve_parameters,
)
from mlsystem.engine.decide.traffic.config import CONFIGS, read_config
from mlsystem.engine.services.cloudformation.coercion import coerced

Resources = Mapping[str, tuple[str, Any]]
NOON = 1_750_000_000.0


def resources_of(text: str, given: Mapping[str, str], region: str) -> dict[str, tuple[str, Any]]:
    """Type and properties by logical id, of what the conditions let be."""
    template = load(text)
    texts = resolve_parameters(template.parameters, dict(given), {})
    expanded = expand(template, region, parameter_values(template.parameters, texts))
    stack = "arn:aws:cloudformation:::stack/stack/1"
    pseudo = pseudo_parameters(region=region, account="123456789012", stack_name="stack", stack_id=stack)
    target = make_target(expanded, make_scope(expanded, texts, pseudo, {}, (f"{region}a", f"{region}b")))
    return {
        name: (resource.type, {**resource.properties, "UpdatePolicy": resource.update_policy})
        for name, resource in target.resources.items()
    }


def faults(resources: Resources) -> list[str]:
    return [*_shifts(resources), *_capacities(resources), *_alarms(resources), *_schedules(resources)]


def _of(resources: Resources, kind: str) -> Iterator[tuple[str, Any]]:
    return ((name, properties) for name, (type_, properties) in resources.items() if type_ == kind)


def _shifts(resources: Resources) -> Iterator[str]:
    for name, group in _of(resources, "AWS::CodeDeploy::DeploymentGroup"):
        config = group["DeploymentConfigName"]
        if isinstance(config, dict):
            yield from _own_steps(config["Ref"], resources[config["Ref"]][1])
        elif config not in CONFIGS:
            yield f"{name}: CodeDeploy has no configuration {config}"


def _own_steps(name: str, config: Any) -> Iterator[str]:
    request = coerced(
        "codedeploy", "CreateDeploymentConfig", {key: config[key] for key in config if key != "UpdatePolicy"}
    )
    try:
        read_config(request["deploymentConfigName"], request["trafficRoutingConfig"])
    except AwsError as error:
        yield f"{name}: {error.message}"


def _capacities(resources: Resources) -> Iterator[str]:
    for name, target in _of(resources, "AWS::ApplicationAutoScaling::ScalableTarget"):
        least, most = int(target["MinCapacity"]), int(target["MaxCapacity"])
        if least > most:
            yield f"{name}: at least {least} instances, and at most {most}"
        for action in target.get("ScheduledActions", ()):
            then = action["ScalableTargetAction"]
            if int(then["MinCapacity"]) > int(then["MaxCapacity"]):
                bounds = f"at least {then['MinCapacity']} instances, and at most {then['MaxCapacity']}"
                yield f"{name}: {action['ScheduledActionName']}: {bounds}"
        for config, properties in _of(resources, "AWS::SageMaker::EndpointConfig"):
            for variant in properties["ProductionVariants"]:
                count = int(variant["InitialInstanceCount"])
                if not least <= count <= most:
                    yield f"{config}: it begins with {count} instances, and scales from {least} to {most}"


def _alarms(resources: Resources) -> Iterator[str]:
    heard = set()
    for name, group in _of(resources, "AWS::CodeDeploy::DeploymentGroup"):
        watched = [alarm["Name"].get("Ref") for alarm in group.get("AlarmConfiguration", {}).get("Alarms", ())]
        if not watched or "DEPLOYMENT_STOP_ON_ALARM" not in group["AutoRollbackConfiguration"]["Events"]:
            yield f"{name}: no alarm takes a deployment back"
        heard |= set(watched)
        for alarm in watched:
            if resources.get(alarm, ("",))[0] != "AWS::CloudWatch::Alarm":
                yield f"{name}: {alarm} is no alarm"
    for name, alarm in _of(resources, "AWS::CloudWatch::Alarm"):
        if not alarm.get("AlarmActions") and name not in heard:
            yield f"{name}: nobody hears this alarm"
        if alarm.get("TreatMissingData") not in ("notBreaching", "breaching", "ignore"):
            yield f"{name}: it does not say what missing data means"


def _schedules(resources: Resources) -> Iterator[str]:
    found = [(name, item["ScheduleExpression"], True) for name, item in _of(resources, "AWS::Scheduler::Schedule")]
    found += [
        (name, rule["ScheduleExpression"], False)
        for name, rule in _of(resources, "AWS::Events::Rule")
        if "ScheduleExpression" in rule
    ]
    found += [
        (f"{name}: {action['ScheduledActionName']}", action["Schedule"], True)
        for name, target in _of(resources, "AWS::ApplicationAutoScaling::ScalableTarget")
        for action in target.get("ScheduledActions", ())
    ]
    for name, monitor in _of(resources, "AWS::SageMaker::MonitoringSchedule"):
        expression = monitor["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"]
        found.append((name, expression, False))
        if not expression.startswith("cron(0 "):
            yield f"{name}: SageMaker monitors at full hours, not by {expression}"
    for name, expression, has_at in found:
        try:
            schedule = read_schedule(expression, has_at=has_at)
        except AwsError as error:
            yield f"{name}: {error.message}"
            continue
        if isinstance(schedule, CronSchedule) and schedule.next_after(NOON) is None:
            yield f"{name}: {expression} never comes"
