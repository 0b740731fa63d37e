"""Page tokens as clients hold them: opaque, and good for the operation alone that gave them out.

A room's token is the mark of an item (`decide/paging.py`). Here it gets a seal of operation and mark on its way out, and loses it on its
way in: rubbish, a token of another operation and one that was changed are refused in one place, with the code that AWS's model of the
operation has for it. The seal guards against mistakes, not against those who may call the operation anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.validation import VALIDATION_CODES

GIVEN = ("NextToken", "nextToken", "Marker", "position", "PageToken", "ContinuationToken")
ANSWERED = (
    *GIVEN,
    "NextMarker",
    "NextPageToken",
    "NextContinuationToken",
    "nextForwardToken",
    "nextBackwardToken",
)
# They are keys of objects, which a client may make up.
OF_S3 = frozenset({"Marker", "NextMarker"})
# Of services whose model of an operation has no error for tokens.
CODES = {
    **VALIDATION_CODES,
    "cloudwatch": "InvalidParameterValue",
    "codecommit": "InvalidContinuationTokenException",
    "codedeploy": "InvalidNextTokenException",
    "ec2": "InvalidNextToken",
    "kms": "InvalidMarkerException",
    "lambda": "InvalidParameterValueException",
    "servicecatalog": "InvalidParametersException",
}
TOKEN_ERRORS = (
    "InvalidNextTokenException",
    "InvalidNextToken",
    "InvalidContinuationTokenException",
    "InvalidMarkerException",
    "InvalidToken",
)
SEAL_BYTES = 6


def opened(operation: OperationModel, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with the room's own token. Raises AwsError for one that this operation did not give out."""
    members = operation.input_shape.members if operation.input_shape is not None else {}
    held = {
        name: request[name] for name in GIVEN if name in members and request.get(name) and _is_ours(operation, name)
    }
    # An empty token is none.
    kept = {
        name: value for name, value in request.items() if name not in GIVEN or value or not _is_ours(operation, name)
    }
    return {**kept, **{name: _open(operation, name, token) for name, token in held.items()}}


def sealed(operation: OperationModel, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with tokens for clients."""
    members = operation.output_shape.members if operation.output_shape is not None else {}
    held = [name for name in ANSWERED if name in members and answer.get(name) and _is_ours(operation, name)]
    return {**answer, **{name: _seal(operation, answer[name]) for name in held}}


def refusal(operation: OperationModel, member: str = "token") -> AwsError:
    """What AWS answers to a token that the operation did not give out."""
    codes = {str(shape.metadata.get("error", {}).get("code", shape.name)) for shape in operation.error_shapes}
    service = operation.service_model.service_name
    code = next((code for code in TOKEN_ERRORS if code in codes), CODES.get(service, "ValidationException"))
    advice = "begin again without one"
    return AwsError(code, f"{operation.name} gave out no such {member}; {advice}.", status=400)


def _is_ours(operation: OperationModel, name: str) -> bool:
    return operation.service_model.service_name != "s3" or name not in OF_S3


def _seal(operation: OperationModel, mark: str) -> str:
    return base64.urlsafe_b64encode(_digest(operation, mark.encode()) + mark.encode()).decode()


def _open(operation: OperationModel, member: str, token: str) -> str:
    try:
        content = base64.b64decode(token, altchars=b"-_", validate=True)
        seal, mark = content[:SEAL_BYTES], content[SEAL_BYTES:]
        if seal == _digest(operation, mark):
            return mark.decode()
    except (binascii.Error, ValueError):
        pass
    raise refusal(operation, member)


def _digest(operation: OperationModel, mark: bytes) -> bytes:
    name = f"{operation.service_model.service_name}:{operation.name}\0".encode()
    return hashlib.sha256(name + mark).digest()[:SEAL_BYTES]
