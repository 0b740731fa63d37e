"""How traffic moves to a new version: from what `canary.deployment` says to the parameters of the production stage.

Pure. One way of naming for all steps, which is that of AWS SAM. CodeDeploy has some of them by itself; the stack makes the
others.
"""

from __future__ import annotations

import re

from build_error import BuildError

SETTING = "canary.deployment"
STEPS = re.compile(
    r"(?:(Canary)([1-9][0-9]?)Percent|(Linear)([1-9][0-9]?)PercentEvery)(?:(1)Minute|(?!1M)([1-9][0-9]{0,3})Minutes)"
)
# Between the first step and the last: https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
MOST_MINUTES = 2880
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
CODEDEPLOYS_OWN = frozenset(
    {"AllAtOnce"}
    | {f"Canary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)}
    | {f"Linear10PercentEvery{minutes}Minutes" for minutes in (2, 3, 10)}
    | {"Linear10PercentEvery1Minute"}
)


def shift_parameters(deployment: str) -> dict[str, str]:
    """Raises BuildError for what is no way to move traffic, or takes longer than CodeDeploy waits."""
    kind, percent, minutes = _steps(deployment)
    if deployment in CODEDEPLOYS_OWN:
        return {"DeploymentType": deployment, "ShiftType": "", "ShiftPercent": "", "ShiftMinutes": ""}
    return {"DeploymentType": "Custom", "ShiftType": kind, "ShiftPercent": str(percent), "ShiftMinutes": str(minutes)}


def _steps(deployment: str) -> tuple[str, int, int]:
    if deployment == "AllAtOnce":
        return "", 100, 0
    found = STEPS.fullmatch(deployment)
    if found is None:
        raise BuildError(
            f"{SETTING}: {deployment!r} is not AllAtOnce, Canary<P>Percent<M>Minutes or Linear<P>PercentEvery<M>Minutes "
            "with P from 1 to 99; one minute is written 1Minute"
        )
    kind, percent, minutes = found[1] or found[3], int(found[2] or found[4]), int(found[5] or found[6])
    steps_after_the_first = -(-100 // percent) - 1 if kind == "Linear" else 1
    if steps_after_the_first * minutes > MOST_MINUTES:
        raise BuildError(
            f"{SETTING}: {deployment} takes {steps_after_the_first * minutes} minutes from its first step to its last, "
            f"and CodeDeploy takes at most {MOST_MINUTES}"
        )
    return kind, percent, minutes
