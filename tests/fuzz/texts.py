"""Documents and expressions of the languages that the system reads: seeds that are right, and how they are made wrong."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.fuzz.mutations import changed, edge_value, havoc, json_text, parts_of

PROJECT = Path(__file__).parents[2] / "project"
ROLE = "arn:aws:iam::000000000000:role/fuzz"

# By what they are of.
SEEDS: Mapping[str, Sequence[Any]] = yaml.safe_load((Path(__file__).parent / "seeds.yaml").read_text())


def document(seeds: Sequence[Any]) -> Callable[[Random], str]:
    """JSON texts like the seeds: one in ten is right."""
    parts = [part for seed in seeds for part in parts_of(seed)]

    def make(chance: Random) -> str:
        value = chance.choice(seeds)
        where = chance.random()
        if where < 0.1:
            return json.dumps(value)
        if where < 0.9:
            return json_text(changed(value, chance, parts), chance)
        return havoc(json.dumps(value), chance, [json.dumps(seed) for seed in seeds])

    return make


def yaml_document(seeds: Sequence[Any], texts: Sequence[str] = ()) -> Callable[[Random], str]:
    """The same, half of them as YAML; of `texts` too, which are YAML with tags."""
    make_json = document(seeds)
    parts = [part for seed in seeds for part in parts_of(seed)]
    words = (
        "!Ref",
        "!Sub",
        "!GetAtt",
        "&a",
        "*a",
        "<<: *a",
        "!!python/object:os.system",
        "!!binary",
        "!!set",
        "? a",
        "---",
        "...",
        "|",
        ">-",
        "%YAML 9.9",
        "!!timestamp 2026-01-01",
        "0o17",
        "1:30",
        "{{",
        "- - -",
        "\t",
    )

    def make(chance: Random) -> str:
        where = chance.random()
        if where < 0.5:
            return make_json(chance)
        if texts and where < 0.7:
            return havoc(chance.choice(texts), chance, texts, words)
        value = changed(chance.choice(seeds), chance, parts)
        try:
            text = yaml.safe_dump(value, sort_keys=False)
        except (yaml.YAMLError, UnicodeError, RecursionError):
            return make_json(chance)
        return havoc(text, chance, (text,), words) if where > 0.85 else text

    return make


def text(seeds: Sequence[str], words: Sequence[str] = ()) -> Callable[[Random], str]:
    """Texts like the seeds: one in ten is right."""

    def make(chance: Random) -> str:
        seed = chance.choice(seeds)
        return seed if chance.random() < 0.1 else havoc(seed, chance, seeds, words)

    return make


@functools.cache
def project_file(name: str) -> str:
    return (PROJECT / name).read_text()


template = yaml_document(
    SEEDS["templates"], (project_file("assets/deploy-model-prd.yml"), project_file("pipeline.yml"))
)
machine = document((*SEEDS["state machines"], json.loads(project_file("model/workflow.asl.json"))))
policy = document(SEEDS["policies"])
pattern = document(SEEDS["event patterns"])
event = document(SEEDS["events"])
dashboard = document(SEEDS["dashboards"])
buildspec = yaml_document(SEEDS["buildspecs"], (project_file("model/buildspec.yml"),))
app_spec = yaml_document(SEEDS["app specs"])
schedule = text(SEEDS["schedules"], ("?", "*", "L", "W", "#", "/", "-", ",", "0", "60", "SUN", "JAN", "1970", "2199"))
filter_pattern = text(
    SEEDS["log filters"], ("{", "}", "$.", "&&", "||", "=", "IS", "NULL", "*", "%", "[", "]", "...", '"')
)
expression = text(
    SEEDS["metric math"],
    (
        "(",
        ")",
        "[",
        "]",
        ",",
        "m1",
        "m2",
        "SUM",
        "METRICS()",
        "SEARCH(",
        "'",
        '"',
        "AND",
        "*",
        "^",
        "==",
        "1e400",
        "REPEAT",
        "{",
        "}",
    ),
)
alarm_rule = text(SEEDS["alarm rules"], ("(", ")", "AND", "OR", "NOT", "ALARM", "OK(", '"', "'", "TRUE", ","))
dockerfile = text(
    SEEDS["dockerfiles"],
    ("FROM", "RUN", "ENV", "\\\n", "--from=", "[", "]", '"', "'", "$", "${", "}", "<<EOF", "#", "ARG", "\n"),
)

# By the stem of the member that takes them.
DOCUMENTS: Mapping[str, Callable[[Random], str]] = {
    **dict.fromkeys(("definition", "definitionstring"), machine),
    "templatebody": template,
    **dict.fromkeys(("assumerolepolicydocument", "policydocument", "policy", "resourcepolicy", "permissionsboundarypolicyinputlist",
    "policyinputlist", "policytext", "stackpolicybody", "attributevalue", "repositorypolicytext", "resourcepolicie"), policy),
    **dict.fromkeys(("eventpattern", "filterpolicy"), pattern),
    **dict.fromkeys(("event", "detail", "input", "message", "output", "mock", "payload", "result", "clientcontext",
    "statereasondata", "userparameter", "logeventmessage"), document((*SEEDS["events"], *SEEDS["embedded metrics"]))),
    "dashboardbody": dashboard,
    "body": document(SEEDS["apis"]),
    "buildspec": buildspec,
    "content": app_spec,
    **dict.fromkeys(("scheduleexpression", "schedule"), schedule),
    **dict.fromkeys(("filterpattern", "loggroupnamepattern"), filter_pattern),
    "expression": expression,
    "alarmrule": alarm_rule,
    "imagemanifest": document(SEEDS["manifests"]),
    **dict.fromkeys(("parameter", "parameteroverride", "environmentvariable"), document(SEEDS["parameters"])),
    **dict.fromkeys(("inputpath", "outputpath", "jsonpath"), text(SEEDS["paths"], ("[", "]", "?", "@", "*", "..", "$"))),
    "inputtemplate": text(('{"a": <a>, "b": "<aws.events.rule-name>"}', '"<a> is \\"<b>\\""', "<a>"), ("<", ">", '"',
    "<aws.events.event.json>", "\\")),
    "requestpayload": document(SEEDS["payloads"]),
}  # fmt: skip


# ---------------------------------------------------------------------- archives
def archive_bytes(chance: Random) -> bytes:
    """A zip with a program."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        package.writestr(
            chance.choice(("app.py", "a/b.py", "../x", "/x")), "def handler(event, context):\n    return event\n"
        )
    return held.getvalue()


def payload(chance: Random) -> str:
    """A JSON text of anything."""
    return json_text(edge_value(chance), chance) if chance.random() < 0.5 else document(SEEDS["payloads"])(chance)
