"""What is read and decided without I/O: the languages of AWS's services. Whatever is no sentence of theirs must be refused as such."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from mlsystem.client.images import dockerfile
from mlsystem.client.images.errors import ImageError
from mlsystem.engine.decide import alarm, dashboard, states, template
from mlsystem.engine.decide.access import document, evaluation
from mlsystem.engine.decide.access.request import AccessRequest
from mlsystem.engine.decide.alarm.composite import parse_composite
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.log_filter import parse_filter
from mlsystem.engine.decide.pattern import InputTransformer, TransformFailed, read_pattern
from mlsystem.engine.decide.schedule import check_timezone, read_schedule
from mlsystem.engine.services.apigateway.definition import methods, read_body
from mlsystem.engine.services.cloudwatch.embedded import embedded_data
from mlsystem.engine.services.cloudwatch.metric import read_datum
from mlsystem.engine.services.codedeploy.appspec import read_appspec
from mlsystem.engine.services.logs.events import _embedded as _embedded_metrics
from tests.fuzz import texts
from tests.fuzz.kind import simple
from tests.fuzz.mutations import TEXTS, changed, edge_value, parts_of

NOW = 1_780_000_000.0
# Of a document that is too deep to be read: its readers stand behind the dispatcher, which tells the client so.
DEEP = RecursionError
# ---------------------------------------------------------------------- schedules
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Nuuk",
    "Asia/Kathmandu",
    "../etc/passwd",
    "",
    "\0",
    "Europe",
    "é",
    "A" * 300,
    "posixrules",
)


def _schedule(chance: Random) -> tuple[str, str, float]:
    return (
        texts.schedule(chance),
        chance.choice(ZONES),
        chance.choice((0.0, NOW, 253_402_300_000.0, -1.0, 1e12, 4_102_444_800.0)),
    )


def _next(given: tuple[str, str, float]) -> None:
    text, zone, after = given
    found = read_schedule(text)
    check_timezone(zone)
    if after < 253_402_300_000.0:  # the clock of an engine
        for _ in range(3):
            moment = found.next_after(after, anchor=NOW, timezone=zone)
            assert moment is None or moment > after
            if moment is None:
                break
            after = moment


# ---------------------------------------------------------------------- patterns of events
def _pattern(chance: Random) -> tuple[str, Any]:
    event = chance.choice(texts.SEEDS["events"])
    return texts.pattern(chance), changed(
        event, chance, parts_of(list(texts.SEEDS["events"]))
    ) if chance.random() < 0.7 else event


def _match(given: tuple[str, Any]) -> None:
    pattern, event = given
    found = read_pattern(pattern)
    found.matches(event if isinstance(event, dict) else {"detail": event})


def _transformed(chance: Random) -> tuple[Mapping[str, str], str, Any]:
    paths = {
        chance.choice(("a", "b", "aws.x", "", "A-b")): texts.DOCUMENTS["inputpath"](chance)
        for _ in range(chance.randrange(3))
    }
    return paths, texts.DOCUMENTS["inputtemplate"](chance), changed(texts.SEEDS["events"][0], chance)


def _transform(given: tuple[Mapping[str, str], str, Any]) -> None:
    paths, words, event = given
    transformer = InputTransformer(words, paths)
    transformer.check("t")
    transformer.apply(event if isinstance(event, dict) else {}, {})


# ---------------------------------------------------------------------- metric math
SERIES: tuple[alarm.Series, ...] = ([1.0, None, 3.0, -2.0], [0.0, 0.0, 1e308, 1e-320], [None, None, None, None])


def _math(chance: Random) -> tuple[str, Mapping[str, alarm.Series]]:
    return texts.expression(chance), {
        f"m{number}": chance.choice(SERIES) for number in (1, 2, 3)[: chance.randrange(1, 4)]
    }


def _calculate(given: tuple[str, Mapping[str, alarm.Series]]) -> None:
    text, metrics = given
    queries: list[Any] = [{"Id": name, "MetricStat": {"Period": 60}} for name in metrics]
    alarm.check_queries([*queries, {"Id": "e1", "Expression": text}], for_alarm=False)
    alarm.evaluate_queries(
        [*queries, {"Id": "e1", "Expression": text}],
        metrics,
        lambda _text, _statistic: alarm.Many((list(SERIES[0]),), ("x",)),
    )


# ---------------------------------------------------------------------- policies
CONTEXTS: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {},
    {"aws:sourceip": ("10.0.0.1",), "aws:currenttime": ("2026-05-01T00:00:00Z",), "s3:max-keys": ("5",), "aws:tagkeys": ("a", "b"),
    "aws:securetransport": ("true",), "aws:username": ("u*",)},
    {"aws:sourceip": ("x",), "aws:currenttime": ("soon", "1e999"), "s3:max-keys": ("many", "NaN"), "k": ("é",),
    "aws:principalarn": (texts.ROLE,)},
)  # fmt: skip


def _policy(chance: Random) -> tuple[str, AccessRequest]:
    principal = chance.choice(
        ("arn:aws:iam::000000000000:root", "arn:aws:sts::000000000000:assumed-role/fuzz/s", "s3.amazonaws.com")
    )
    resource = chance.choice(("*", "arn:aws:s3:::b/u*/x", "", *TEXTS[:20]))
    return texts.policy(chance), AccessRequest(
        principal,
        "000000000000",
        chance.choice(("s3:GetObject", "kms:Decrypt", "", "a*")),
        resource,
        chance.choice(CONTEXTS),
    )


def _decide(given: tuple[str, AccessRequest]) -> None:
    text, request = given
    statements = document.statements_of(text, "fuzz")
    evaluation.decide(request, statements, statements)
    evaluation.delegates(request, statements)


# ---------------------------------------------------------------------- filters of logs
MESSAGES = (
    '{"a": {"b": [1, 2]}, "c": "xyz", "d": null, "e": true}',
    "ERROR exact words",
    "",
    "127.0.0.1 user x 500 2000",
    "[1",
    "{}",
    '{"a": 1e999}',
    '{"a": NaN}',
    "null",
    "\0",
)


def _filter(chance: Random) -> tuple[str, str]:
    return texts.filter_pattern(chance), chance.choice(MESSAGES)


def _look(given: tuple[str, str]) -> None:
    parse_filter(given[0]).matches(given[1])


# ---------------------------------------------------------------------- templates
GIVEN: tuple[Mapping[str, str], ...] = ({}, {"P": "b", "N": "4"}, {"P": "", "N": "x", "L": ",,"}, {"Unknown": "1"})


def _template(chance: Random) -> tuple[str, Mapping[str, str]]:
    return texts.template(chance), chance.choice(GIVEN)


def _plan(given: tuple[str, Mapping[str, str]]) -> None:
    text, parameters = given
    loaded = template.load(text)
    template.validate(loaded)
    values = template.resolve_parameters(loaded.parameters, parameters, {})
    expanded = template.expand(loaded, "us-east-1", template.parameter_values(loaded.parameters, values))
    stack = "arn:aws:cloudformation:us-east-1:000000000000:stack/fuzz/i"
    pseudo = template.pseudo_parameters(region="us-east-1", account="000000000000", stack_name="fuzz", stack_id=stack)
    scope = template.make_scope(expanded, values, pseudo, {"x": "y"}, ("us-east-1a", "us-east-1b"))
    template.check_capabilities(expanded, ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"))
    template.make_target(expanded, scope)


# ---------------------------------------------------------------------- the States language
INPUTS: tuple[Any, ...] = (
    {"a": "x", "b": {"c": 1}, "items": [1, 2, 3]},
    {"a": 3, "b": 5, "items": []},
    [],
    None,
    "text",
    {"a": {"b": [{"c": 2}]}, "items": {"x": 1}},
)
MOST_STEPS = 60


def _machine(chance: Random) -> tuple[str, Any]:
    if chance.random() < 0.5:
        return texts.machine(chance), chance.choice(INPUTS)
    return json.dumps(_with_expression(chance)), chance.choice(INPUTS) if chance.random() < 0.7 else edge_value(chance)


def _with_expression(chance: Random) -> Any:
    """A machine of one state, about one path, intrinsic function or JSONata expression."""
    expression = texts.text(
        texts.SEEDS["jsonata"], ("$", "(", ")", "[", "]", "{", "}", "..", "~>", "function", "%", "|", "'", "/")
    )(chance)
    query = chance.choice(
        (
            lambda: f"{{% {expression} %}}",
            lambda: texts.text(texts.SEEDS["paths"], ("[", "]", "?(", "@", "*", ".."))(chance),
            lambda: texts.text(texts.SEEDS["intrinsics"], ("States.", "(", ")", "'", ",", "$.", "\\"))(chance),
        )
    )()
    if query.startswith("{%"):
        field = chance.choice(("Output", "Assign"))
        return {
            "QueryLanguage": "JSONata",
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", field: query if field == "Output" else {"v": query}, "End": True}},
        }
    name = chance.choice(("InputPath", "OutputPath", "Parameters", "ResultPath", "Variable", "SecondsPath"))
    if name == "Parameters":
        return {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"v.$": query}, "End": True}}}
    if name == "Variable":
        rule = {"Variable": query, chance.choice(("IsPresent", "IsNumeric")): True, "Next": "S"}
        return {
            "StartAt": "C",
            "States": {"C": {"Type": "Choice", "Choices": [rule], "Default": "S"}, "S": {"Type": "Succeed"}},
        }
    if name == "SecondsPath":
        return {"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": query, "End": True}}}
    return {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"r": 1}, name: query, "End": True}}}


def _play(given: tuple[str, Any]) -> None:
    """Tasks answer what they are given, timers fire at once; a machine that runs in circles is left."""
    text, value = given
    machine = states.parse(text)
    try:
        value = states.read(json.dumps(value))
    except ValueError:
        return  # which StartExecution refuses
    arn = "arn:aws:states:us-east-1:000000000000:execution:fuzz:e"
    step = states.begin(
        machine,
        value,
        states.Context(arn, "e", texts.ROLE, NOW, "arn:aws:states:us-east-1:000000000000:stateMachine:fuzz", "fuzz"),
    )
    waiting = list(step.actions)
    for _ in range(MOST_STEPS):
        if step.outcome is not None or not waiting:
            return
        action = waiting.pop(0)
        if isinstance(action, states.StartTask):
            step = states.advance(machine, step.state, states.TaskSucceeded(action.token, action.parameters, NOW))
        elif isinstance(action, states.SetTimer):
            step = states.advance(machine, step.state, states.TimerFired(action.key, NOW))
        else:
            continue
        waiting += step.actions


# ---------------------------------------------------------------------- Dockerfiles
def _read_dockerfile(text: str) -> None:
    for instruction in dockerfile.parse(text):
        instruction.exec_form()
        dockerfile.substitute(instruction.text, {"A": "b"})
        try:
            dockerfile.split(instruction.text, {"A": "b"})
        except ValueError:
            continue


SCHEDULES = simple("schedules", _schedule, _next, AwsError)
EVENT_PATTERNS = simple("event-patterns", _pattern, _match, AwsError, DEEP)
TRANSFORMERS = simple("transformers", _transformed, _transform, AwsError, TransformFailed, DEEP)
METRIC_MATH = simple("metric-math", _math, _calculate, AwsError, DEEP)
ALARM_RULES = simple("alarm-rules", texts.alarm_rule, lambda text: parse_composite(str(text)), AwsError, DEEP)
POLICIES = simple("policies", _policy, _decide, AwsError, DEEP)
LOG_FILTERS = simple("log-filters", _filter, _look, AwsError, DEEP)
DASHBOARDS = simple("dashboards", texts.dashboard, dashboard.check_body, AwsError, DEEP)
TEMPLATES = simple("templates", _template, _plan, AwsError, template.TemplateError, DEEP, share=6)
STATE_MACHINES = simple("state-machines", _machine, _play, AwsError, states.InvalidDefinition, DEEP, share=6)
DOCKERFILES = simple("dockerfiles", texts.dockerfile, _read_dockerfile, ImageError)


# ---------------------------------------------------------------------- what programs print, and what an API is made of
def _embedded(text: str) -> None:
    document = _embedded_metrics(text)
    for namespace, data in embedded_data(document).items() if document is not None else ():
        for datum in data:
            try:
                read_datum(namespace, datum, NOW)
            except AwsError:
                continue


EMBEDDED_METRICS = simple("embedded-metrics", texts.document(texts.SEEDS["embedded metrics"]), _embedded)
APIS = simple("apis", texts.document(texts.SEEDS["apis"]), lambda text: methods(read_body(text)), AwsError, DEEP)
APP_SPECS = simple("app-specs", texts.app_spec, read_appspec, AwsError, DEEP)
LANGUAGES = (
    EMBEDDED_METRICS,
    APIS,
    APP_SPECS,
    SCHEDULES,
    EVENT_PATTERNS,
    TRANSFORMERS,
    METRIC_MATH,
    ALARM_RULES,
    POLICIES,
    LOG_FILTERS,
    DASHBOARDS,
    TEMPLATES,
    STATE_MACHINES,
    DOCKERFILES,
)
