"""Secrets without their values: create, describe, list, tag, delete, restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.services.secretsmanager.filters import matches
from mlsystem.engine.services.secretsmanager.safe import Safe
from mlsystem.engine.services.secretsmanager.secret import SECONDS_A_DAY, Secret, SecretMachine, SecretState

if TYPE_CHECKING:
    from types_boto3_secretsmanager.type_defs import (
        DeleteSecretRequestTypeDef,
        DescribeSecretRequestTypeDef,
        ListSecretsRequestTypeDef,
        RestoreSecretRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

USUAL_WINDOW_DAYS = 30
WINDOW_DAYS = range(7, 31)


class Catalogue(Part):
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html and its neighbours."""

    def __init__(self, safe: Safe):
        self._safe = safe

    def machines(self) -> Sequence[Machine[Any]]:
        return (SecretMachine(),)

    @operation("DescribeSecret", accepts="SecretId")
    def describe_secret(self, request: DescribeSecretRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find(call.tx, request["SecretId"])
        return {**_entry(secret), "VersionIdsToStages": _stages(secret)}

    @operation("ListSecrets", accepts="IncludePlannedDeletion MaxResults NextToken Filters SortOrder")
    def list_secrets(self, request: ListSecretsRequestTypeDef, call: Call) -> Mapping[str, object]:
        is_newest_first = request.get("SortOrder", "desc") == "desc"
        found = call.tx.all(Secret, newest_first=is_newest_first)
        if not request.get("IncludePlannedDeletion"):
            found = [secret for secret in found if secret.state == SecretState.ACTIVE]
        found = [secret for secret in found if matches(secret, request.get("Filters", []))]
        page, more = Paging(100).take(found, request, by_creation, descending=is_newest_first)
        return {"SecretList": [{**_entry(one), "SecretVersionsToStages": _stages(one)} for one in page], **more}

    @operation("TagResource", accepts="SecretId Tags")
    def tag_resource(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find_active(call.tx, request["SecretId"])
        call.tx.put(secret.changed(tags={**secret.tags, **read_tags(request["Tags"])}))
        return {}

    @operation("UntagResource", accepts="SecretId TagKeys")
    def untag_resource(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find_active(call.tx, request["SecretId"])
        kept = {name: value for name, value in secret.tags.items() if name not in request["TagKeys"]}
        call.tx.put(secret.changed(tags=kept))
        return {}

    # ------------------------------------------------------------------ deletion
    @operation("DeleteSecret", accepts="SecretId RecoveryWindowInDays ForceDeleteWithoutRecovery")
    def delete_secret(self, request: DeleteSecretRequestTypeDef, call: Call) -> Mapping[str, object]:
        window = request.get("RecoveryWindowInDays")
        if request.get("ForceDeleteWithoutRecovery"):
            if window is not None:
                raise AwsError(
                    "InvalidParameterException",
                    "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
                )
            return self._delete_now(request["SecretId"], call)
        secret = self._safe.find_active(call.tx, request["SecretId"])
        days = USUAL_WINDOW_DAYS if window is None else window
        if days not in WINDOW_DAYS:
            raise AwsError(
                "InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
            )
        house = self._safe.house
        gone_at = call.now + days * SECONDS_A_DAY / house.clock.time_scale
        house.worker.send(call.tx, Secret, secret.key, Event("delete", {"days": days, "gone_at": gone_at}))
        return {"ARN": secret.arn, "Name": secret.key, "DeletionDate": datetime.fromtimestamp(gone_at, UTC)}

    def _delete_now(self, secret_id: str, call: Call) -> Mapping[str, object]:
        """Without complaint where there is none: it may have been deleted before."""
        now = datetime.fromtimestamp(call.now, UTC)
        try:
            secret = self._safe.find(call.tx, secret_id)
        except AwsError:
            return {"ARN": secret_id, "Name": secret_id, "DeletionDate": now}
        call.tx.remove(Secret, secret.key)
        return {"ARN": secret.arn, "Name": secret.key, "DeletionDate": now}

    @operation("RestoreSecret", accepts="SecretId")
    def restore_secret(self, request: RestoreSecretRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find(call.tx, request["SecretId"])
        self._safe.house.worker.send(call.tx, Secret, secret.key, Event("restore"))
        return {"ARN": secret.arn, "Name": secret.key}


def read_tags(tags: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Raises AwsError for a tag without a key."""
    if any("Key" not in tag for tag in tags):
        raise AwsError("InvalidParameterException", "A tag has no Key.")
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _stages(secret: Secret) -> dict[str, list[str]]:
    return {version.id: list(version.stages) for version in secret.versions if version.stages}


def _entry(secret: Secret) -> dict[str, object]:
    entry: dict[str, object] = {
        "ARN": secret.arn,
        "Name": secret.key,
        "CreatedDate": datetime.fromtimestamp(secret.created_at, UTC),
        "LastChangedDate": datetime.fromtimestamp(secret.changed_at, UTC),
        "Tags": [{"Key": name, "Value": value} for name, value in secret.tags.items()],
    }
    if secret.description:
        entry["Description"] = secret.description
    if secret.kms_key_id:
        entry["KmsKeyId"] = secret.kms_key_id
    if secret.state == SecretState.DELETED:
        entry["DeletedDate"] = datetime.fromtimestamp(secret.deleted_at, UTC)
    return entry
