"""The deployments of a deployment group, page by page: CodeDeploy lists a hundred at once, newest first, and describes 25 at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.errors import ClientFailure

SIZE = 25  # as many as BatchGetDeployments takes


def deployment_page(
    codedeploy: Any, group: Mapping[str, str], token: str = "", statuses: Sequence[str] = ()
) -> tuple[list[Mapping[str, Any]], str]:
    """What CodeDeploy tells of the next 25, newest first; and the token of those after them, empty behind the last.

    The token names CodeDeploy's own and how many of its page were told. Raises ClientFailure.
    """
    own, _, told = token.rpartition("|")
    start = int(told) if told.isdecimal() else 0
    wanted = {"includeOnlyStatuses": list(statuses)} if statuses else {}
    more = {"nextToken": own} if own else {}
    try:
        found = codedeploy.list_deployments(**group, **wanted, **more)
        names = found["deployments"][start : start + SIZE]
        described = codedeploy.batch_get_deployments(deploymentIds=names)["deploymentsInfo"] if names else []
    except ClientError as error:
        raise ClientFailure(f"{error.operation_name}: {error.response['Error']['Message']}") from error
    further = start + SIZE
    older = f"{own}|{further}" if further < len(found["deployments"]) else ""
    if not older and found.get("nextToken"):
        older = f"{found['nextToken']}|0"
    return sorted(described, key=lambda info: info["createTime"], reverse=True), older
