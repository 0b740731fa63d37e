"""Secrets with their values: create, get, put, update, and the labels of versions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark, Paging
from mlsystem.engine.services.secretsmanager.catalogue import read_tags
from mlsystem.engine.services.secretsmanager.safe import Safe
from mlsystem.engine.services.secretsmanager.secret import (
    CURRENT,
    Secret,
    SecretState,
    SecretVersion,
    find_version,
    move_stages,
    with_version,
)

if TYPE_CHECKING:
    from types_boto3_secretsmanager.type_defs import (
        CreateSecretRequestTypeDef,
        GetSecretValueRequestTypeDef,
        ListSecretVersionIdsRequestTypeDef,
        PutSecretValueRequestTypeDef,
        UpdateSecretRequestTypeDef,
        UpdateSecretVersionStageRequestTypeDef,
    )


class Values(Part):
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html and its neighbours."""

    def __init__(self, safe: Safe):
        self._safe = safe

    @operation("CreateSecret", accepts="Name ClientRequestToken Description KmsKeyId SecretBinary SecretString Tags")
    def create_secret(self, request: CreateSecretRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["Name"]
        there = call.tx.get(Secret, name)
        if there is not None:
            return self._create_again(there, request, call)
        secret = Secret(
            key=name,
            state=SecretState.ACTIVE,
            arn=self._safe.new_arn(name),
            description=request.get("Description", ""),
            kms_key_id=request.get("KmsKeyId", ""),
            tags=read_tags(request.get("Tags", [])),
            changed_at=call.now,
        )
        secret, version_id = self._with_value(secret, request, [CURRENT], call)
        call.tx.add(secret)
        return _told(secret, version_id)

    def _create_again(self, there: Secret, request: CreateSecretRequestTypeDef, call: Call) -> Mapping[str, object]:
        """A repeated request succeeds."""
        if there.state == SecretState.DELETED:
            raise AwsError(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            )
        token = request.get("ClientRequestToken")
        known = next((version for version in there.versions if version.id == token), None)
        if known is None or not self._is_same(there, known, request, call):
            raise AwsError(
                "ResourceExistsException", f"The operation failed because the secret {there.key} already exists."
            )
        return _told(there, known.id)

    @operation("GetSecretValue", accepts="SecretId VersionId VersionStage")
    def get_secret_value(self, request: GetSecretValueRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find_active(call.tx, request["SecretId"])
        version = find_version(secret, request.get("VersionId"), request.get("VersionStage"))
        value = self._safe.open(secret, version, call.principal)
        return {
            "ARN": secret.arn,
            "Name": secret.key,
            "VersionId": version.id,
            "VersionStages": list(version.stages),
            "CreatedDate": datetime.fromtimestamp(version.created_at, UTC),
            **({"SecretBinary": value} if version.is_binary else {"SecretString": value.decode()}),
        }

    @operation("PutSecretValue", accepts="SecretId ClientRequestToken SecretBinary SecretString VersionStages")
    def put_secret_value(self, request: PutSecretValueRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find_active(call.tx, request["SecretId"])
        if _value(request) is None:
            raise AwsError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
        secret, version_id = self._with_value(secret, request, request.get("VersionStages", [CURRENT]), call)
        call.tx.put(secret)
        version = find_version(secret, version_id, None)
        return {**_told(secret, version_id), "VersionStages": list(version.stages)}

    @operation("UpdateSecret", accepts="SecretId ClientRequestToken Description KmsKeyId SecretBinary SecretString")
    def update_secret(self, request: UpdateSecretRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find_active(call.tx, request["SecretId"])
        secret = secret.changed(description=request.get("Description", secret.description), changed_at=call.now)
        key_id = request.get("KmsKeyId", secret.kms_key_id)
        if key_id != secret.kms_key_id:
            secret = self._sealed_again(secret, key_id, call)
        secret, version_id = self._with_value(secret, request, [CURRENT], call)
        call.tx.put(secret)
        return _told(secret, version_id)

    @operation("ListSecretVersionIds", accepts="SecretId MaxResults NextToken IncludeDeprecated")
    def list_secret_version_ids(self, request: ListSecretVersionIdsRequestTypeDef, call: Call) -> Mapping[str, object]:
        secret = self._safe.find(call.tx, request["SecretId"])
        versions = [one for one in secret.versions if one.stages or request.get("IncludeDeprecated")]
        versions.sort(key=_mark)
        page, more = Paging(100).take(versions, request, _mark)
        told = [
            {
                "VersionId": version.id,
                "VersionStages": list(version.stages),
                "CreatedDate": datetime.fromtimestamp(version.created_at, UTC),
            }
            for version in page
        ]
        return {"ARN": secret.arn, "Name": secret.key, "Versions": told, **more}

    @operation("UpdateSecretVersionStage", accepts="SecretId VersionStage RemoveFromVersionId MoveToVersionId")
    def update_secret_version_stage(
        self, request: UpdateSecretVersionStageRequestTypeDef, call: Call
    ) -> Mapping[str, object]:
        secret = self._safe.find_active(call.tx, request["SecretId"])
        stage, target = request["VersionStage"], request.get("MoveToVersionId")
        holder = next((version.id for version in secret.versions if stage in version.stages), None)
        if target is not None:
            find_version(secret, target, None)
        if holder not in (None, target) and request.get("RemoveFromVersionId") != holder:
            raise AwsError(
                "InvalidParameterException",
                f"The staging label {stage} is attached to version {holder}: name it in RemoveFromVersionId.",
            )
        if stage == CURRENT and target is None:
            raise AwsError(
                "InvalidParameterException", f"You can only move staging label {CURRENT} to another version."
            )
        call.tx.put(secret.changed(versions=move_stages(secret.versions, [stage], target), changed_at=call.now))
        return {"ARN": secret.arn, "Name": secret.key}

    # ------------------------------------------------------------------ versions
    def _with_value(
        self, secret: Secret, request: Mapping[str, Any], stages: Sequence[str], call: Call
    ) -> tuple[Secret, str | None]:
        """The secret with the request's value as a new version, and the version's id; None where the request has no value."""
        value = _value(request)
        if value is None:
            return secret, None
        version_id = request.get("ClientRequestToken") or str(uuid.uuid4())
        known = next((version for version in secret.versions if version.id == version_id), None)
        if known is not None:
            if not self._is_same(secret, known, request, call):
                raise AwsError(
                    "ResourceExistsException",
                    f"You can't use ClientRequestToken {version_id} because that value is already in use for a version "
                    f"of secret {secret.arn}.",
                )
            return secret, version_id
        is_binary = request.get("SecretBinary") is not None
        new = self._safe.seal(secret, version_id, value, is_binary, call.principal, call.now)
        versions = with_version(secret.versions, new, stages)
        return secret.changed(versions=versions, changed_at=call.now), version_id

    def _is_same(self, secret: Secret, version: SecretVersion, request: Mapping[str, Any], call: Call) -> bool:
        return self._safe.open(secret, version, call.principal) == _value(request)

    def _sealed_again(self, secret: Secret, key_id: str, call: Call) -> Secret:
        """Under another KMS key: every version that has a label."""
        target = secret.changed(kms_key_id=key_id)
        versions = []
        for version in secret.versions:
            if version.stages:
                value = self._safe.open(secret, version, call.principal)
                sealed = self._safe.seal(
                    target, version.id, value, version.is_binary, call.principal, version.created_at
                )
                versions.append(sealed.model_copy(update={"stages": version.stages}))
            else:
                versions.append(version)
        return target.changed(versions=tuple(versions))


def _value(request: Mapping[str, Any]) -> bytes | None:
    """Raises AwsError for a request with both kinds of value."""
    text, binary = request.get("SecretString"), request.get("SecretBinary")
    if text is not None and binary is not None:
        raise AwsError(
            "InvalidParameterException", "You can't specify both a binary secret value and a string secret value."
        )
    if binary is not None:
        return binary.encode() if isinstance(binary, str) else bytes(binary)
    return None if text is None else str(text).encode()


def _told(secret: Secret, version_id: str | None) -> dict[str, object]:
    told: dict[str, object] = {"ARN": secret.arn, "Name": secret.key}
    return {**told, "VersionId": version_id} if version_id is not None else told


def _mark(version: SecretVersion) -> Mark:
    return (version.created_at, version.id)
