"""The REST API of production against its OpenAPI document, `project/openapi.yml`: requests that fit it, and ones that do not.

python -m tests.contract [--requests N] [--seed S]          of a system of its own, whose model takes anything
python -m tests.contract --url URL [--requests N] ...       of a system whose container is the project's
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.environments import environment
from tests.finished import finished_folder, shared_folder, system_on_copy
from tests.small_project import PROJECT

DOCUMENT = PROJECT / "openapi.yml"
# Whether an answer is one that the document tells of. That everything that it allows is accepted cannot be asked: the columns are the
# model's own. Other methods get 403 of API Gateway.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Whether what the document does not allow is refused, which is the work of the model's container.
STRICT_CHECKS = (*CHECKS, "negative_data_rejection")


@dataclass(frozen=True)
class Held:
    """`answers` by status; `words` is what was found, for people, and empty where nothing was."""

    answers: Counter[int]
    words: str


def hold(url: str, requests: int, seed: int, checks: Sequence[str] = CHECKS) -> Held:
    """The API at `url`, which ends in /api, by at most so many made-up requests of each operation, beside the document's own."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.ndjson"
        command = [
            *(str(environment("schemathesis") / "bin" / "schemathesis"), "run", str(DOCUMENT)),
            *("--url", url.removesuffix("/api"), "--checks", ",".join(checks), "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(requests), "--seed", str(seed), "--generation-database", "none", "--no-color"),
            *("--continue-on-failure", "--report", "ndjson", "--report-ndjson-path", str(report)),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        answers = Counter(_statuses([json.loads(line) for line in report.read_text().splitlines()]))
    return Held(answers, "" if done.returncode == 0 else done.stdout + done.stderr)


def _statuses(told: object) -> Iterator[int]:
    if isinstance(told, list):
        for one in told:
            yield from _statuses(one)
    if isinstance(told, dict):
        if isinstance(told.get("status_code"), int):
            yield told["status_code"]
        yield from _statuses(list(told.values()))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="of the API, ending in /api")
    given = parser.parse_args(arguments)
    held = _of_own(given) if given.url is None else hold(given.url, given.requests, given.seed, STRICT_CHECKS)
    sys.stdout.write(held.words)
    counted = ", ".join(f"{count} with {status}" for status, count in sorted(held.answers.items()))
    sys.stdout.write(f"{held.answers.total()} requests were answered: {counted}\n")
    return 1 if held.words else 0


def _of_own(given: argparse.Namespace) -> Held:
    with tempfile.TemporaryDirectory(prefix="mlsystem-contract-") as folder:
        home = Path(folder)
        with system_on_copy(finished_folder(shared_folder(home)), home / "copy") as system:
            return hold(system.api_url(), given.requests, given.seed)


if __name__ == "__main__":
    sys.exit(main())
