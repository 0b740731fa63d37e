"""Prints studio_nbs/grafana-dashboard.json: the panels of the CloudWatch dashboard, for Grafana before Prometheus.

A search for metrics becomes a query of Prometheus by the names that /_mlsystem/metrics, and YACE in an account, give to CloudWatch's
metrics. Prometheus has no graph for what has no query, so what a widget has that is not known here is an error.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mlsystem.client.dashboard.body import FILE
from mlsystem.engine.decide.prometheus import label_name, metric_name
from tests.aws.project import ROOT

Json = dict[str, Any]

TARGET = "studio_nbs/grafana-dashboard.json"
# Of Grafana 11; newer ones bring it up to date when they load it.
SCHEMA_VERSION = 39
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]+)\} (?P<terms>[^']+)', '(?P<statistic>\w+)', \d+\)")
ALARM_STATE = "aws_cloudwatch_alarm_state"
# Variables of CloudWatch's that no query of Prometheus needs.
NOT_NEEDED = {"region", "account", "partition"}
# With other dimensions than a search names there are other metrics of the same name.
OTHER_DIMENSIONS = {"AWS/Lambda": ("Resource", "ExecutedVersion")}
UNITS = {"Duration": "ms", "ModelLatency": "µs", "OverheadLatency": "µs"}
KINDS = {"singleValue": "stat", "timeSeries": "timeseries"}
# CloudWatch's rows are a little higher.
ROWS = (4, 3)
GREEN, RED = {"color": "green", "value": None}, "red"


def dashboard(body: Mapping[str, Any]) -> Json:
    """Of the body of a dashboard of CloudWatch. ValueError for what is not known here."""
    names = {one["pattern"]: one["id"] for one in body["variables"] if one["id"] not in NOT_NEEDED}
    panels = [_panel(number, widget, names) for number, widget in enumerate(body["widgets"], start=1)]
    return {
        "uid": "mlsystem-overview",
        "title": "ML system",
        "tags": ["mlsystem"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "30s",
        "time": {"from": f"now-{body['start'].removeprefix('-PT').lower()}", "to": "now"},
        "templating": {"list": list(_variables(body["variables"], names))},
        "panels": panels,
    }


def query(expression: str, names: Mapping[str, str]) -> tuple[str, str]:
    """PromQL for a search, and what tells the lines of its graph apart."""
    found = SEARCH.fullmatch(expression)
    if found is None:
        raise ValueError(f"only searches can be asked of Prometheus, not {expression}")
    namespace, *dimensions = (part.strip('"') for part in found["schema"].split(","))
    matchers = [f'{label_name(other)}=""' for other in OTHER_DIMENSIONS.get(namespace, ())]
    legend, name = f"{{{{{label_name(dimensions[0])}}}}}", ""
    for term in found["terms"].split():
        designator, _, value = term.rpartition("=")
        if designator == "MetricName":
            name = _name(namespace, value.strip('"'), found["statistic"], names)
        elif designator:
            matchers.append(f'{label_name(designator)}=~"{_word(value, names)}"')
        else:
            begin, _, statistic = metric_name(namespace, term, found["statistic"]).rpartition("_")
            name, legend = f'__name__=~"{begin}_.+_{statistic}"', "{{__name__}}"
    return f"{{{', '.join([name, *matchers])}}}", legend


def _name(namespace: str, metric: str, statistic: str, names: Mapping[str, str]) -> str:
    """A namespace that is a variable is any: Prometheus spells it otherwise, and the dimensions say whose it is."""
    if namespace not in names:
        return f'__name__="{metric_name(namespace, metric, statistic)}"'
    return f'__name__=~"aws_.+{metric_name("", metric, statistic).removeprefix("aws_")}"'


def _word(text: str, names: Mapping[str, str]) -> str:
    """As CloudWatch finds it: whole words, in any case."""
    return f"(?i)(.*[^a-zA-Z0-9])?{_named(text, names)}([^a-zA-Z0-9].*)?"


def _named(text: str, names: Mapping[str, str]) -> str:
    for pattern, name in names.items():
        text = text.replace(pattern, f"${{{name}}}")
    return text


def _variables(variables: list[Json], names: Mapping[str, str]) -> Iterator[Json]:
    yield {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"}
    for one in variables:
        if one["id"] in NOT_NEEDED:
            continue
        shared = {"name": one["id"], "label": one["label"]}
        if "search" not in one:
            default = one["defaultValue"]
            yield {**shared, "type": "textbox", "query": default, "current": {"text": default, "value": default}}
            continue
        selector, _ = query(f"SEARCH('{one['search']}', 'Sum', 60)", names)
        asked = f"label_values({selector}, {label_name(one['populateFrom'])})"
        yield {**shared, "type": "query", "datasource": SOURCE, "query": asked, "refresh": 2, "sort": 1}


def _panel(number: int, widget: Json, names: Mapping[str, str]) -> Json:
    properties = widget["properties"]
    place = {"x": widget["x"], "w": widget["width"]}
    place |= {short: widget[long] * ROWS[0] // ROWS[1] for short, long in (("y", "y"), ("h", "height"))}
    shared = {"id": number, "title": properties["title"], "datasource": SOURCE, "gridPos": place}
    if widget["type"] == "alarm":
        return {**shared, **_alarms(properties["alarms"], names)}
    if widget["type"] != "metric":
        raise ValueError(f"{widget['type']} is no widget that is known here: {properties['title']}")
    targets = [_target(letter, line, names) for letter, line in zip("ABCDEFGH", properties["metrics"], strict=False)]
    return {**shared, "type": KINDS[properties["view"]], "targets": targets, "fieldConfig": _field(properties)}


def _target(letter: str, line: list[Json], names: Mapping[str, str]) -> Json:
    [metric] = line
    asked, legend = query(metric["expression"], names)
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": asked,
        "legendFormat": f"{metric.get('label', '')} {legend}".strip(),
    }


def _field(properties: Json) -> Json:
    lines = properties.get("annotations", {}).get("horizontal", ())
    steps = [GREEN, *({"color": RED, "value": line["value"]} for line in lines)]
    custom = {"thresholdsStyle": {"mode": "line"}} if lines else {}
    name = re.findall(r'MetricName="(\w+)"', properties["metrics"][0][0]["expression"])
    unit = "percent" if name and name[0].endswith("Utilization") else UNITS.get(name[0] if name else "", "short")
    defaults = {"unit": unit, "custom": custom, "thresholds": {"mode": "absolute", "steps": steps}}
    return {"defaults": defaults, "overrides": []}


def _alarms(arns: list[str], names: Mapping[str, str]) -> Json:
    """0, 1 or 2 for each: the states are told one by one."""
    chosen = "|".join(_named(arn.rpartition(":")[2], names) for arn in arns)
    state = {
        name: f'{ALARM_STATE}{{state="{name}", alarm_name=~"{chosen}"}}' for name in ("ALARM", "INSUFFICIENT_DATA")
    }
    expression = f"2 * {state['ALARM']} + ignoring(state) {state['INSUFFICIENT_DATA']}"
    words = (("OK", "green"), ("No data", "blue"), ("In alarm", RED))
    options = {str(value): {"text": text, "color": color, "index": value} for value, (text, color) in enumerate(words)}
    target = {"refId": "A", "datasource": SOURCE, "expr": expression, "legendFormat": "{{alarm_name}}", "instant": True}
    defaults = {
        "mappings": [{"type": "value", "options": options}],
        "thresholds": {"mode": "absolute", "steps": [GREEN]},
    }
    look = {"colorMode": "background", "textMode": "value_and_name", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return {
        "type": "stat",
        "targets": [target],
        "options": look,
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }


def document() -> str:
    body = json.loads((ROOT / FILE).read_text())
    return json.dumps(dashboard(body), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
