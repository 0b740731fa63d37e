"""The drill: steady traffic to the API while one version after the other is deployed, and a verdict for each.

It works on a system that is in production, on both targets alike: it updates the production stack as the pipeline does, with the
parameter Fault, and leaves it with a known good version of the model that was there.
"""

from __future__ import annotations

import itertools
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from botocore.exceptions import ClientError, EndpointConnectionError

from mlsystem.client.connection import Connection
from mlsystem.client.drill.case import CASES, KNOWN_GOOD, Case
from mlsystem.client.drill.rollout import Rollouts
from mlsystem.client.drill.usual import Usual, usual
from mlsystem.client.drill.verdict import Outcome, Verdict, judge
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack
from mlsystem.client.traffic import Query, Traffic

SAMPLE_ROWS = 100
SAMPLE_BYTES = 256 * 1024
# Before the first deployment, to learn what is usual; and after each, to see that nothing goes on.
USUAL_SECONDS, AFTER_SECONDS = 6.0, 2.0
# Of the alarms, after which they are off where nothing is wrong.
QUIET_PERIODS = 10
# How long the drill waits, at its end, for an engine that is started again.
AWAY_SECONDS = 180.0
FIRST_QUIET_PERIODS = 1.5
Tell = Callable[[str], None]
Pause = Callable[[], None]


class Drill:
    """Of one project. Raises NotFound where production was never deployed, ClientFailure where nothing can be learnt from a drill."""

    def __init__(self, connection: Connection, project: Project, per_second: float):
        self._connection = connection
        self._per_second = per_second
        stack = Stack(connection, project.deployed_stack("prd"))
        if stack.status() is None:
            raise NotFound(f"there is no stack {stack.name}: production was never deployed")
        self._outputs = stack.outputs()
        self._rollouts = Rollouts(connection, stack)
        self._parameters = self._rollouts.parameters()
        if "Fault" not in self._parameters:
            raise ClientFailure(f"the stack {stack.name} has no parameter Fault: its template is older than the drill")
        if self._parameters["DeploymentType"] == "AllAtOnce":
            raise ClientFailure(
                "canary.deployment is AllAtOnce: no version has a part of the traffic, and so none is tried"
            )

    def run(self, cases: Sequence[Case], tell: Tell, pause: Pause) -> Iterator[Verdict]:
        """One after the other; whatever happens, production is left with a known good version."""
        rows = self._rows()
        if not self._rollouts.serves_what_the_stack_deployed():
            raise ClientFailure(
                "production does not answer with what its stack deployed last: after a rollback a drill would bring back the "
                "version that was rolled back from, and a deployment that is under way would be taken for the drill's own"
            )
        if self._parameters["Fault"]:
            tell(f"Production has the fault {self._parameters['Fault']} of an earlier drill: it is taken away first")
            self._restore(pause)
        with self._traffic(rows) as traffic:
            tell(f"Learning what is usual, from {self._per_second:g} requests a second")
            _wait(USUAL_SECONDS, pause)
            known = usual(traffic.answers())
            # What went wrong just before the drill may not have become an alarm yet.
            period = self._period_seconds()
            await_quiet(self._rollouts.alarms_on, period, pause, lasting_seconds=FIRST_QUIET_PERIODS * period)
        try:
            yield from self._each(cases, rows, known, tell, pause)
        finally:
            self._leave(tell, pause)

    def _each(
        self, cases: Sequence[Case], rows: Sequence[str], known: Usual, tell: Tell, pause: Pause
    ) -> Iterator[Verdict]:
        """Each beside a known good version: what one has left behind is not held against the next."""
        for case in cases:
            tell(f"{case.name}: deployed, and {' or '.join(case.endings)} is right")
            verdict = self._try(case, rows, known, pause)
            yield verdict
            if verdict.is_wrongly_promoted:
                tell("It serves, and must not: production gets a known good version before anything else")
                self._restore(pause)

    def _leave(self, tell: Tell, pause: Pause) -> None:
        """With a known good version, whatever has ended the drill. An engine that is away for a moment is waited for."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                self._rollouts.stop(pause)
                if self._rollouts.parameters()["Fault"]:
                    tell("Production gets a known good version again")
                    self._restore(pause)
            except (ClientError, EndpointConnectionError) as error:
                if not _is_away(error) or time.monotonic() > deadline:
                    raise
                pause()
            else:
                return

    def _try(self, case: Case, rows: Sequence[str], known: Usual, pause: Pause) -> Verdict:
        await_quiet(self._rollouts.alarms_on, self._period_seconds(), pause)
        with self._traffic(rows) as traffic:
            outcome = self._rollouts.deploy(case.fault, pause)
            _wait(AFTER_SECONDS, pause)
        return judge(
            case,
            outcome,
            traffic.answers(),
            known,
            self._period_seconds(),
            first_share(self._parameters),
        )

    def _restore(self, pause: Pause) -> Outcome:
        """Raises ClientFailure."""
        await_quiet(self._rollouts.alarms_on, self._period_seconds(), pause)
        outcome = self._rollouts.deploy(KNOWN_GOOD.fault, pause)
        if outcome.ending not in KNOWN_GOOD.endings:
            raise ClientFailure(f"the known good version was {outcome.ending}: {outcome.reason}")
        return outcome

    # ------------------------------------------------------------------ inner
    @contextmanager
    def _traffic(self, rows: Sequence[str]) -> Iterator[Traffic]:
        queries = (Query(f"drill-{uuid.uuid4()}", row) for row in itertools.cycle(rows))
        traffic = Traffic(
            self._connection.reachable(self._outputs["ApiUrl"]),
            queries,
            self._per_second,
            headers=self._key(),
            tls=self._connection.tls(),
        )
        traffic.start()
        try:
            yield traffic
        finally:
            traffic.stop()

    def _key(self) -> dict[str, str]:
        if "ApiKeyId" not in self._outputs:
            return {}
        found = self._connection.client("apigateway").get_api_key(apiKey=self._outputs["ApiKeyId"], includeValue=True)
        return {"x-api-key": found["value"]}

    def _rows(self) -> list[str]:
        """Of the test set, as the hooks take theirs."""
        job = self._parameters["TrainingExecutionArn"].rsplit(":", 1)[1]
        bucket = self._parameters["ArtifactBucket"]
        prefix = f"{self._parameters['PipelineName']}/runs/{job}/data/requests/"
        s3 = self._connection.client("s3")
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        keys = sorted(item["Key"] for item in found if item["Key"].endswith(".csv"))
        if not keys:
            raise ClientFailure(f"s3://{bucket}/{prefix} has no CSV file to take requests from")
        head = s3.get_object(Bucket=bucket, Key=keys[0], Range=f"bytes=0-{SAMPLE_BYTES - 1}")["Body"].read()
        lines = head.decode(errors="ignore").splitlines()[1:-1]
        return [f"{line}\n" for line in dict.fromkeys(lines[:SAMPLE_ROWS])]

    def _period_seconds(self) -> float:
        """How long the alarms of a deployment look, as fast as time goes here."""
        period = float(self._parameters["AlarmPeriodInSeconds"]) * float(self._parameters["AlarmEvaluationPeriods"])
        return period / self._connection.time_scale()


def first_share(parameters: Mapping[str, str]) -> float:
    """Of the traffic, that the new version has in the first step: SAM's types name it, and of Custom it is a parameter."""
    if parameters["DeploymentType"] == "Custom":
        return int(parameters["ShiftPercent"]) / 100
    found = re.search(r"(\d+)Percent", parameters["DeploymentType"])
    return int(found[1]) / 100 if found else 1.0


def chosen(names: Sequence[str]) -> list[Case]:
    """The cases with these names, or all of them. Raises NotFound."""
    known = {case.name: case for case in CASES}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise NotFound(f"the drill has no case {unknown[0]!r}: there are {', '.join(repr(name) for name in known)}")
    return [known[name] for name in names] or list(CASES)


def await_quiet(
    alarms_on: Callable[[], Sequence[str]], period_seconds: float, pause: Pause, lasting_seconds: float = 0.0
) -> None:
    """Until no alarm has been on for `lasting_seconds`: one that is, of the case before or of what was before the drill, would
    stop any deployment.

    Raises ClientFailure when it stays on.
    """
    begun = quiet_since = time.monotonic()
    while True:
        alarms, now = alarms_on(), time.monotonic()
        if alarms:
            quiet_since = now
        elif now - quiet_since >= lasting_seconds:
            return
        if now - begun > QUIET_PERIODS * period_seconds + lasting_seconds:
            names = ", ".join(alarms) or "now off"
            raise ClientFailure(f"an alarm that stops deployments does not stay off ({names}): see what is wrong")
        pause()


def _is_away(error: ClientError | EndpointConnectionError) -> bool:
    return isinstance(error, EndpointConnectionError) or error.response["Error"]["Code"] == "ServiceUnavailable"


def _wait(seconds: float, pause: Pause) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pause()
