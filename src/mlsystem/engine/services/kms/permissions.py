"""What KMS's operations ask: the key, whichever name the request has for it.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.permission import ANY, Asked, Permissions, Resource, ResourcePolicies, given, on
from mlsystem.engine.services.kms.alias import PREFIX, Alias
from mlsystem.engine.services.kms.aliases import SERVICES_WITH_KEYS
from mlsystem.engine.services.kms.blob import read_blob
from mlsystem.engine.services.kms.key import Key, Manager
from mlsystem.engine.store.database import Transaction

ALIAS = "arn:${Partition}:kms:${Region}:${Account}:${AliasName}"


def key(member: str = "KeyId") -> Resource:
    """The key that a member names, by its id, its ARN or an alias."""

    def find(asked: Asked) -> Iterator[str]:
        for name in asked.values(member):
            yield _arn(asked, name)

    return find


def sealed_by(member: str) -> Resource:
    """The key that made a ciphertext, where the member does not name it."""

    def find(asked: Asked) -> Iterator[str]:
        named = tuple(key(member)(asked))
        yield from named or _of_ciphertext(asked)

    return find


def key_of_alias(asked: Asked) -> Iterator[str]:
    yield _arn(asked, asked.request["AliasName"])


def _of_ciphertext(asked: Asked) -> Iterator[str]:
    try:
        yield _arn(asked, read_blob(bytes(asked.request["CiphertextBlob"])).key_id)
    except AwsError:
        yield _arn(asked, ANY)  # the room says what is wrong with it to whoever may use every key


def _arn(asked: Asked, name: str) -> str:
    local = name.rsplit(":", 1)[-1]
    if local.startswith(PREFIX):
        alias = asked.tx.get(Alias, local)
        local = alias.parent if alias else local
    return asked.scope.arn("kms", local if "/" in local else f"key/{local}")


def policy_of(tx: Transaction, scope: Scope, key_id: str) -> str:
    """One that AWS manages is for everybody in the account, through the service that it is for."""
    found = tx.get(Key, key_id)
    if found is None:
        return ""
    return found.policy if found.manager is Manager.CUSTOMER else _managed(scope)


@lru_cache(maxsize=1)
def _managed(scope: Scope) -> str:
    services = [f"{name}.{scope.region}.amazonaws.com" for name in SERVICES_WITH_KEYS]
    uses = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    through = {"Principal": {"AWS": "*"}, "Action": uses, "Condition": {"StringEquals": {"kms:ViaService": services}}}
    reading = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    by_account = {"Principal": {"AWS": scope.global_arn("iam", "root")}, "Action": reading}
    statements = [{"Effect": "Allow", "Resource": "*", **statement} for statement in (through, by_account)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


PERMISSIONS = Permissions(
    "kms",
    {
        # keys
        "CreateKey": [on(ANY), given("Tags", on(ANY, action="TagResource"))],
        "DescribeKey": [on(key())],
        "ListKeys": [on(ANY)],
        "EnableKey": [on(key())],
        "DisableKey": [on(key())],
        "UpdateKeyDescription": [on(key())],
        "ScheduleKeyDeletion": [on(key())],
        "CancelKeyDeletion": [on(key())],
        # use
        "Encrypt": [on(key())],
        "Decrypt": [on(sealed_by("KeyId"))],
        "ReEncrypt": [
            on(sealed_by("SourceKeyId"), action="ReEncryptFrom"),
            on(key("DestinationKeyId"), action="ReEncryptTo"),
        ],
        "GenerateDataKey": [on(key())],
        "GenerateDataKeyWithoutPlaintext": [on(key())],
        "GenerateRandom": [on(ANY)],
        # aliases
        "CreateAlias": [on(ALIAS, key("TargetKeyId"))],
        "UpdateAlias": [on(ALIAS, key_of_alias, key("TargetKeyId"))],
        "DeleteAlias": [on(ALIAS, key_of_alias)],
        "ListAliases": [on(ANY)],
        # policies
        "GetKeyPolicy": [on(key())],
        "PutKeyPolicy": [on(key())],
        "ListKeyPolicies": [on(key())],
        # rotation
        "EnableKeyRotation": [on(key())],
        "DisableKeyRotation": [on(key())],
        "GetKeyRotationStatus": [on(key())],
        "ListKeyRotations": [on(key())],
        "RotateKeyOnDemand": [on(key())],
        # tags
        "ListResourceTags": [on(key())],
        "TagResource": [on(key())],
        "UntagResource": [on(key())],
    },
    ResourcePolicies(Key, lambda arn: arn.rpartition("/")[2], policy_of),
)
