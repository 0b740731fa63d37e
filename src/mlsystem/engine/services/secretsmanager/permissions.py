"""What Secrets Manager's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, given, on
from mlsystem.engine.services.secretsmanager.secret import Secret

NAMED = "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${Name}"


def secret(asked: Asked) -> Iterator[str]:
    """With its random suffix, which a name and an ARN may lack."""
    name = asked.request["SecretId"].rpartition(":secret:")[2]
    known = asked.tx.get(Secret, name) or asked.tx.get(Secret, name.rpartition("-")[0])
    yield known.arn if known else asked.scope.arn("secretsmanager", f"secret:{name}")


PERMISSIONS = Permissions(
    "secretsmanager",
    {
        "CreateSecret": [
            on(NAMED, keys={"secretsmanager:Name": "Name", "secretsmanager:KmsKeyId": "KmsKeyId"}),
            given("Tags", on(NAMED, action="TagResource")),
        ],
        "DeleteSecret": [on(secret)],
        "DescribeSecret": [on(secret)],
        "GetRandomPassword": [on(ANY)],
        "GetSecretValue": [on(secret, keys={"secretsmanager:VersionStage": "VersionStage"})],
        "ListSecretVersionIds": [on(secret)],
        "ListSecrets": [on(ANY)],
        "PutSecretValue": [on(secret)],
        "RestoreSecret": [on(secret)],
        "TagResource": [on(secret)],
        "UntagResource": [on(secret)],
        "UpdateSecret": [on(secret)],
        "UpdateSecretVersionStage": [on(secret)],
    },
)
