"""The last word of the judge, asked for when the traffic has shifted. A judge that cannot judge has not said yes."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from check import CheckError, Clock

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

WAITING = ("waiting for metrics", "waiting for requests")  # verdicts that may change
WAIT_SECONDS = 240.0  # a function has 15 minutes, and captured requests may take ten of them
PAUSE_SECONDS = 2.0

log = logging.getLogger(__name__)


def require_good_verdict(
    lambda_client: LambdaClient, deployment_id: str, own_requests: int, variables: Mapping[str, str], clock: Clock
) -> dict[str, Any]:
    """The judge's record. It is asked again until the metrics of the hook's own requests have come and, with the policy to
    wait, enough clients. Raises CheckError."""
    began = clock.now()
    while True:
        record = _last_look(lambda_client, deployment_id, own_requests, variables["JUDGE_ARN"])
        if record["verdict"] not in WAITING:
            break
        if clock.now() - began > WAIT_SECONDS:
            raise CheckError(f"{record['reason']}; after {WAIT_SECONDS:.0f} s they had not come")
        clock.sleep(PAUSE_SECONDS)
    log.info("the judge of %s says %s: %s", deployment_id, record["verdict"], record["reason"])
    if not record["isGood"]:
        raise CheckError(f"the judge says {record['verdict']}: {record['reason']}")
    return record


def _last_look(lambda_client: LambdaClient, deployment_id: str, own_requests: int, judge: str) -> dict[str, Any]:
    asked = {"deploymentId": deployment_id, "ownRequests": own_requests}
    answer = lambda_client.invoke(FunctionName=judge, Payload=json.dumps(asked).encode())
    payload = answer["Payload"].read().decode(errors="replace")
    if answer.get("FunctionError"):
        raise CheckError(f"there is no judgement of {deployment_id}: {judge} raised an error: {payload[:1000]}")
    record: dict[str, Any] = json.loads(payload)
    if record.get("deploymentId") != deployment_id:
        raise CheckError(f"there is no judgement of {deployment_id}: {judge} answered {payload[:1000]}")
    return record
