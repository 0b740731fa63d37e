"""The settings of a project: mlsystem.yaml, as this build reads it.

A run takes its gate, machines, canary, drift and scaling from the commit that it builds, so that a change of them is a
commit like any other. Which keys there are and what a value may be is said by mlsystem.schema.json, which editors read
too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from build_error import BuildError
from jsonschema import Draft202012Validator
from traffic_shift import shift_parameters

SCHEMA = "mlsystem.schema.json"
MAX_ENVIRONMENT_VALUE = 256  # of a processing job
COMPARISONS = ("GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")


class Settings:
    """Sections and keys by name; each error says which one is missing or wrong."""

    def __init__(self, content: dict[str, Any], source: str = "mlsystem.yaml") -> None:
        self._content = content
        self._source = source

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Raises BuildError, with everything in the file that the schema beside it does not allow."""
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise BuildError(f"{path.name}: the repository has no such file") from error
        except yaml.YAMLError as error:
            raise BuildError(f"{path.name}: not YAML: {error}") from error
        if not isinstance(content, dict):
            raise BuildError(f"{path.name}: must hold sections with keys")
        problems = _problems(content, json.loads(path.with_name(SCHEMA).read_text(encoding="utf-8")))
        if problems:
            raise BuildError(f"{path.name}: {'; '.join(problems)}")
        return cls(content, path.name)

    def text(self, section: str, key: str, default: str | None = None) -> str:
        """A value as CloudFormation takes it: a text. Without a default, the key must be there."""
        content = self.section(section)
        if default is not None and key not in content:
            return default
        return self._plain(self._value(content, section, key), f"{section}.{key}")

    def number(self, section: str, key: str) -> int | float:
        value = self._value(self.section(section), section, key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BuildError(f"{self._source}: {section}.{key} must be a number")
        return value

    def listed(self, section: str, key: str) -> str:
        """A list, joined with commas."""
        value = self._value(self.section(section), section, key)
        if not isinstance(value, list):
            raise BuildError(f"{self._source}: {section}.{key} must be a list")
        return ",".join(self._plain(item, f"{section}.{key}") for item in value)

    def machine(self, name: str) -> dict[str, str]:
        """Type and count of `instances.<name>` as texts, and the disk where one is stated."""
        machine = self._value(self.section("instances"), "instances", name)
        if not isinstance(machine, dict):
            raise BuildError(f"{self._source}: instances.{name} must have the keys type and count")
        return {
            key: self._plain(self._value(machine, f"instances.{name}", key), f"instances.{name}.{key}")
            for key in ("type", "count", *(("volume_gb",) if "volume_gb" in machine else ()))
        }

    def judge(self, key: str, default: str) -> str:
        """A key of `canary.judge`, of which all may be left out."""
        found = self.section("canary").get("judge", {})
        return self._plain(found.get(key, default), f"canary.judge.{key}")

    def retraining(self, key: str, default: str) -> str:
        """A key of `retraining`, which may be left out as a whole."""
        return self._plain(self._content.get("retraining", {}).get(key, default), f"retraining.{key}")

    def quiet(self, key: str, default: str) -> str:
        """A key of `scaling.quiet`, which may be left out as a whole."""
        found = self.section("scaling").get("quiet", {})
        return self._plain(found.get(key, default), f"scaling.quiet.{key}")

    def cluster(self, name: str) -> dict[str, str | int]:
        """A machine as jobs take it: ClusterConfig of a processing job, ResourceConfig of a training job."""
        machine = self.machine(name)
        try:
            return {
                "InstanceType": machine["type"],
                "InstanceCount": int(machine["count"]),
                "VolumeSizeInGB": int(machine["volume_gb"]),
            }
        except KeyError as error:
            raise BuildError(f"{self._source}: instances.{name}.{error.args[0]} is missing") from error
        except ValueError as error:
            raise BuildError(f"{self._source}: instances.{name}: count and volume_gb must be whole numbers") from error

    def gate(self) -> dict[str, str | float]:
        """The gate in the workflow's words; empty where the file has none, and the kind of model decides."""
        if "gate" not in self._content:
            return {}
        threshold = self.number("gate", "threshold")
        comparison = self.text("gate", "comparison")
        if comparison not in COMPARISONS:
            raise BuildError(f"{self._source}: gate.comparison is {comparison!r}; known: {', '.join(COMPARISONS)}")
        return {"Metric": self.text("gate", "metric"), "Comparison": comparison, "Threshold": threshold}

    def champion(self) -> dict[str, str | float]:
        """How a new model stands against the one that production serves; `gate.champion` may be left out, and keys of it."""
        found = self._content.get("gate", {}).get("champion", {})
        return {"Margin": found.get("margin", 0.0), "OnUnreadable": found.get("on_unreadable", "fail")}

    def dataset_environment(self) -> dict[str, str]:
        """The section `data` as environment variables of Prepare Data; what is empty is left out."""
        environment = {}
        for key, value in self.section("data").items():
            is_list = isinstance(value, list)
            text = self.listed("data", key) if is_list else self.text("data", key)
            if len(text) > MAX_ENVIRONMENT_VALUE:
                raise BuildError(
                    f"{self._source}: data.{key} has {len(text)} characters, and SageMaker passes on "
                    f"{MAX_ENVIRONMENT_VALUE}; put the section into dataset.json beside the training data"
                )
            if text:
                environment[key.upper()] = text
        return environment

    def section(self, name: str) -> dict[str, Any]:
        section = self._value(self._content, "", name)
        if not isinstance(section, dict):
            raise BuildError(f"{self._source}: {name} must be a section with keys")
        return section

    def _value(self, content: dict[str, Any], section: str, key: str) -> object:
        if key not in content:
            raise BuildError(f"{self._source}: {section}{'.' if section else ''}{key} is missing")
        return content[key]

    def _plain(self, value: object, name: str) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise BuildError(f"{self._source}: {name} must be a plain value")


def _problems(content: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Each with the place where it is."""
    found = sorted(Draft202012Validator(schema).iter_errors(content), key=lambda error: list(map(str, error.path)))
    problems = [f"{'.'.join(map(str, error.path)) or 'the file'}: {_told(error)}" for error in found]
    return problems or _contradictions(content)


def _told(error: Any) -> str:
    """A pattern says less to a person than the words beside it."""
    return f"{error.message} ({error.schema['description']})" if error.validator == "pattern" else str(error.message)


def _contradictions(content: dict[str, Any]) -> list[str]:
    """What no schema can compare. The command line says the same of a folder."""
    problems = []
    for name, bounds in (("scaling", content["scaling"]), ("scaling.quiet", content["scaling"].get("quiet"))):
        if bounds and bounds["min_instances"] > bounds["max_instances"]:
            above = f"{bounds['min_instances']} is above max_instances, {bounds['max_instances']}"
            problems.append(f"{name}.min_instances: {above}")
    try:
        shift_parameters(content["canary"]["deployment"])
    except BuildError as error:
        problems.append(str(error))
    return problems
