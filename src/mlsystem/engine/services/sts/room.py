"""Security Token Service: who am I, and keys for a role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, Room, operation
from mlsystem.engine.decide.arn import parse_arn
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.sts.permissions import PERMISSIONS
from mlsystem.engine.store.keys import Credentials, KeyRing

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import AssumeRoleRequestTypeDef, GetSessionTokenRequestTypeDef

DEFAULT_SECONDS = 3600


class Tokens(Part):
    """Sessions of roles. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

    def __init__(self, house: House, keys: KeyRing):
        self._house = house
        self._keys = keys

    @operation("GetCallerIdentity", mode="read")
    def get_caller_identity(self, request: Mapping[str, object], call: Call) -> Mapping[str, object]:
        principal = call.principal
        resource = principal.arn.split(":", 5)[-1]
        return {
            "UserId": principal.account if resource == "root" else resource,
            "Account": principal.account,
            "Arn": principal.arn,
        }

    @operation("AssumeRole", accepts="RoleArn RoleSessionName DurationSeconds")
    def assume_role(self, request: AssumeRoleRequestTypeDef, call: Call) -> Mapping[str, object]:
        role = parse_arn(request["RoleArn"])
        if role.service != "iam" or not role.resource.startswith("role/"):
            raise AwsError("ValidationError", f"{request['RoleArn']} is not the ARN of a role.")
        session = f"{role.name}/{request['RoleSessionName']}"
        arn = self._house.scope.global_arn("sts", f"assumed-role/{session}")
        expires_at = call.now + request.get("DurationSeconds", DEFAULT_SECONDS)
        self._keys.prune(call.tx)
        credentials = self._keys.issue(call.tx, arn, self._house.scope.account, expires_at)
        return {
            "Credentials": _told(credentials, expires_at),
            "AssumedRoleUser": {"AssumedRoleId": session.replace("/", ":"), "Arn": arn},
        }

    @operation("GetSessionToken", mode="write", accepts="DurationSeconds")
    def get_session_token(self, request: GetSessionTokenRequestTypeDef, call: Call) -> Mapping[str, object]:
        """Keys for a while, of whoever has keys for good."""
        if call.principal.role_name is not None or call.principal.is_service:
            raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        expires_at = call.now + request.get("DurationSeconds", DEFAULT_SECONDS)
        self._keys.prune(call.tx)
        credentials = self._keys.issue(call.tx, call.principal.arn, call.principal.account, expires_at)
        return {"Credentials": _told(credentials, expires_at)}


def _told(credentials: Credentials, expires_at: float) -> dict[str, object]:
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.token,
        "Expiration": datetime.fromtimestamp(expires_at, UTC),
    }


def open_room(house: House, keys: KeyRing) -> Room:
    return Room("sts", [Tokens(house, keys)], PERMISSIONS)
