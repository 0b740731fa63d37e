"""Runs a buildspec's phases. Started by path inside a build's sandbox, with the build's environment; imports nothing of the engine.

    python buildspec_program.py CONTROL_FOLDER

CONTROL_FOLDER holds `build.json` (`buildspec`: a path in the source, or the text itself) and gets `phases.json` (the state of each phase,
rewritten as it changes), `exported.json` and the folder `artifacts`. All commands of a phase share one shell; environment and working
directory are handed from phase to phase. https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
TOP_LEVEL = {"version", "run-as", "env", "phases", "artifacts", "cache", "proxy"}
PHASE_KEYS = {"run-as", "on-failure", "runtime-versions", "commands", "finally"}
DEEPEST = 200
ENV_KEYS = {"shell", "variables", "exported-variables", "git-credential-helper"}


class BuildspecError(Exception):
    """The buildspec cannot be run; the message names the member."""


class Build:
    def __init__(self, control: Path):
        self.control = control
        self.source = Path(os.environ["CODEBUILD_SRC_DIR"])
        self.environment = dict(os.environ)
        self.directory = str(self.source)
        self.phases: list[dict[str, Any]] = []
        self.spec = read_buildspec(json.loads((control / "build.json").read_text())["buildspec"], self.source)
        variables = self.spec.get("env", {}).get("variables", {})
        # What the build was started with goes before what the buildspec says.
        self.environment = {**{name: str(value) for name, value in variables.items()}, **self.environment}
        self.shell = self.spec.get("env", {}).get("shell", "sh")

    def run(self) -> bool:
        """Whether the build succeeded."""
        succeeded = True
        for name in PHASES:
            phase = self.spec.get("phases", {}).get(name)
            # POST_BUILD runs whatever became of BUILD, and of nothing else.
            if phase is None or (not succeeded and not (name == "post_build" and self._failed_in("BUILD"))):
                continue
            self.environment["CODEBUILD_BUILD_SUCCEEDING"] = "1" if succeeded else "0"
            done = self._phase(name, phase)
            succeeded = succeeded and (done or phase.get("on-failure") == "CONTINUE")
        if succeeded:
            succeeded = self._artifacts()
        exported = self.spec.get("env", {}).get("exported-variables", [])
        values = [{"name": name, "value": self.environment.get(name, "")} for name in exported]
        (self.control / "exported.json").write_text(json.dumps(values))
        return succeeded

    def _failed_in(self, name: str) -> bool:
        return bool(self.phases) and self.phases[-1]["phaseType"] == name

    def _phase(self, name: str, phase: dict[str, Any]) -> bool:
        self._begin(name.upper())
        if "runtime-versions" in phase:
            say(f"runtime-versions {phase['runtime-versions']}: the build has the engine's own Python")
        failure = self._commands(phase.get("commands", []))
        finally_failure = self._commands(phase.get("finally", []))
        self._end(failure or finally_failure)
        return not (failure or finally_failure)

    def _commands(self, commands: list[Any]) -> str:
        """Run them in one shell; what failed, or nothing."""
        if not commands:
            return ""
        environment_file, place_file = self.control / "environment", self.control / "directory"
        lines = [f"trap 'env -0 > {environment_file}; pwd > {place_file}' EXIT"]
        for index, command in enumerate(commands):
            text = str(command)
            lines += [
                f"printf '%s\\n' {quote('[Container] Running command ' + text)}",
                f"echo {index} > {self.control}/current",
                text,
            ]
            lines += ['mlsystem_status=$?; if [ "$mlsystem_status" -ne 0 ]; then exit "$mlsystem_status"; fi']
        script = self.control / "phase.sh"
        script.write_text("\n".join(lines) + "\n")
        done = subprocess.run([self.shell, str(script)], cwd=self.directory, env=self.environment, check=False)
        self._take_over(environment_file, place_file)
        if done.returncode == 0:
            return ""
        index = int((self.control / "current").read_text())
        return f"Error while executing command: {commands[index]}. Reason: exit status {done.returncode}"

    def _take_over(self, environment_file: Path, place_file: Path) -> None:
        if environment_file.exists():
            pairs = (
                item.partition("=") for item in environment_file.read_text(errors="replace").split("\0") if "=" in item
            )
            self.environment = {name: value for name, _, value in pairs if not name.startswith("mlsystem_")}
            self.directory = place_file.read_text().strip() or self.directory

    def _artifacts(self) -> bool:
        section = self.spec.get("artifacts", {})
        groups = {"": section, **section.get("secondary-artifacts", {})}
        for identifier, group in groups.items():
            if "files" in group:
                problem = collect(self.source, group, self.control / "artifacts" / (identifier or "primary"))
                if problem:
                    self._begin("UPLOAD_ARTIFACTS")
                    self._end(problem)
                    return False
        return True

    def _begin(self, name: str) -> None:
        say(f"Entering phase {name}")
        self.phases.append({"phaseType": name, "phaseStatus": "IN_PROGRESS", "startTime": time.time()})
        self._save()

    def _end(self, failure: str) -> None:
        phase = self.phases[-1]
        phase.update(phaseStatus="FAILED" if failure else "SUCCEEDED", endTime=time.time())
        if failure:
            phase["contexts"] = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": failure}]
            say(failure)
        say(f"Phase complete: {phase['phaseType']} State: {phase['phaseStatus']}")
        self._save()

    def _save(self) -> None:
        aside = self.control / "phases.tmp"
        aside.write_text(json.dumps(self.phases))
        aside.rename(self.control / "phases.json")


def read_buildspec(given: str, source: Path) -> dict[str, Any]:
    """Raises BuildspecError for one that is missing, is not YAML, or has members that are not implemented."""
    text = given
    if "\n" not in given:
        path = source / (given or "buildspec.yml")
        if not path.is_file():
            raise BuildspecError(f"YAML_FILE_ERROR: the buildspec {path.relative_to(source)} is not in the source")
        text = path.read_text()
    try:
        _check_depth(text)
        spec = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, AttributeError, RecursionError) as error:  # the third is of a date that is none
        raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
    if not isinstance(spec, dict) or str(spec.get("version")) != "0.2":
        raise BuildspecError("YAML_FILE_ERROR: the buildspec must be a mapping with version: 0.2")
    check(spec, TOP_LEVEL, "")
    check(spec.get("env", {}), ENV_KEYS, "env.")
    check(spec.get("phases", {}), set(PHASES), "phases.")
    for name, phase in spec.get("phases", {}).items():
        check(phase, PHASE_KEYS, f"phases.{name}.")
    return spec


def _check_depth(text: str) -> None:
    """Raises YAMLError for what would take the loader for ever."""
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {DEEPEST} levels deep")


def check(section: Any, known: set[str], path: str) -> None:
    if not isinstance(section, dict):
        raise BuildspecError(f"YAML_FILE_ERROR: {path.rstrip('.')} must be a mapping")
    unknown = sorted(str(name) for name in section if name not in known)
    if unknown:
        raise BuildspecError(f"YAML_FILE_ERROR: {path}{unknown[0]} is not implemented by the local engine")


def collect(source: Path, group: dict[str, Any], target: Path) -> str:
    """Copy the files of an artifact; what is wrong, or nothing."""
    base = source / group.get("base-directory", ".")
    target.mkdir(parents=True, exist_ok=True)
    for pattern in group["files"]:
        found = [path for path in base.glob(pattern) if path.is_file()]
        if not found:
            return f"no matching artifact paths found for {pattern} in {group.get('base-directory', '.')}"
        for path in found:
            inside = path.name if group.get("discard-paths") in (True, "yes") else path.relative_to(base)
            place = target / inside
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
    return ""


def quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def say(text: str) -> None:
    sys.stdout.write(f"[Container] {text}\n")
    sys.stdout.flush()


def main() -> int:
    control = Path(sys.argv[1])
    try:
        return 0 if Build(control).run() else 1
    except BuildspecError as error:
        say(str(error))
        now = time.time()
        contexts = [{"statusCode": "YAML_FILE_ERROR", "message": str(error)}]
        phase = {
            "phaseType": "DOWNLOAD_SOURCE",
            "phaseStatus": "FAILED",
            "startTime": now,
            "endTime": now,
            "contexts": contexts,
        }
        (control / "phases.json").write_text(json.dumps([phase]))
        return 1


if __name__ == "__main__":
    sys.exit(main())
