"""Encrypting and decrypting with keys. https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.kms.blob import decrypt, encrypt, read_blob
from mlsystem.engine.services.kms.directory import Directory
from mlsystem.engine.services.kms.key import Key
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_kms.type_defs import (
        DecryptRequestTypeDef,
        EncryptRequestTypeDef,
        GenerateDataKeyRequestTypeDef,
        GenerateDataKeyWithoutPlaintextRequestTypeDef,
        GenerateRandomRequestTypeDef,
        ReEncryptRequestTypeDef,
    )

SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
DATA_KEY_BYTES = {"AES_128": 16, "AES_256": 32}
LONGEST_PLAINTEXT_BYTES = 4096
LONGEST_RANDOM_BYTES = 1024
ALGORITHMS = ("EncryptionAlgorithm", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm")


class Ciphers(Part):
    """Writes nothing: a key is found, its material opened, and forgotten again."""

    def __init__(self, directory: Directory):
        self._directory = directory

    @operation("Encrypt", accepts="KeyId Plaintext EncryptionContext EncryptionAlgorithm", mode="read")
    def encrypt(self, request: EncryptRequestTypeDef, call: Call) -> Mapping[str, object]:
        _check_algorithm(request)
        plaintext = _bytes(request["Plaintext"])
        if not 0 < len(plaintext) <= LONGEST_PLAINTEXT_BYTES:
            raise AwsError(
                "ValidationException",
                f"Plaintext has {len(plaintext)} bytes, 1 to {LONGEST_PLAINTEXT_BYTES} are allowed.",
            )
        key = self._directory.find_usable(call.tx, request["KeyId"])
        blob = self._seal(key, plaintext, request.get("EncryptionContext", {}))
        return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": SYMMETRIC_DEFAULT}

    @operation("Decrypt", accepts="CiphertextBlob EncryptionContext KeyId EncryptionAlgorithm", mode="read")
    def decrypt(self, request: DecryptRequestTypeDef, call: Call) -> Mapping[str, object]:
        _check_algorithm(request)
        data, context = _bytes(request.get("CiphertextBlob", b"")), request.get("EncryptionContext", {})
        key, material_id, plaintext = self._open(call.tx, data, context, request.get("KeyId"))
        return {
            "KeyId": key.arn,
            "Plaintext": plaintext,
            "EncryptionAlgorithm": SYMMETRIC_DEFAULT,
            "KeyMaterialId": material_id,
        }

    @operation(
        "ReEncrypt",
        accepts="CiphertextBlob SourceEncryptionContext SourceKeyId DestinationKeyId DestinationEncryptionContext "
        "SourceEncryptionAlgorithm DestinationEncryptionAlgorithm",
        mode="read",
    )
    def re_encrypt(self, request: ReEncryptRequestTypeDef, call: Call) -> Mapping[str, object]:
        _check_algorithm(request)
        data, context = _bytes(request.get("CiphertextBlob", b"")), request.get("SourceEncryptionContext", {})
        source, _, plaintext = self._open(call.tx, data, context, request.get("SourceKeyId"))
        target = self._directory.find_usable(call.tx, request["DestinationKeyId"])
        return {
            "CiphertextBlob": self._seal(target, plaintext, request.get("DestinationEncryptionContext", {})),
            "SourceKeyId": source.arn,
            "KeyId": target.arn,
            "SourceEncryptionAlgorithm": SYMMETRIC_DEFAULT,
            "DestinationEncryptionAlgorithm": SYMMETRIC_DEFAULT,
        }

    @operation("GenerateDataKey", accepts="KeyId EncryptionContext NumberOfBytes KeySpec", mode="read")
    def generate_data_key(self, request: GenerateDataKeyRequestTypeDef, call: Call) -> Mapping[str, object]:
        return self._data_key(request, call)

    @operation("GenerateDataKeyWithoutPlaintext", accepts="KeyId EncryptionContext NumberOfBytes KeySpec", mode="read")
    def generate_data_key_without_plaintext(
        self, request: GenerateDataKeyWithoutPlaintextRequestTypeDef, call: Call
    ) -> Mapping[str, object]:
        return {name: value for name, value in self._data_key(request, call).items() if name != "Plaintext"}

    @operation("GenerateRandom", accepts="NumberOfBytes", mode="read")
    def generate_random(self, request: GenerateRandomRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"Plaintext": secrets.token_bytes(_length(request.get("NumberOfBytes", 0)))}

    def _data_key(self, request: Mapping[str, Any], call: Call) -> dict[str, object]:
        spec, number = request.get("KeySpec"), request.get("NumberOfBytes")
        if (spec is None) == (number is None):
            raise AwsError("ValidationException", "Please specify either number of bytes or key spec.")
        length = DATA_KEY_BYTES[spec] if spec is not None else _length(number or 0)
        key = self._directory.find_usable(call.tx, request["KeyId"])
        plaintext = secrets.token_bytes(length)
        blob = self._seal(key, plaintext, request.get("EncryptionContext", {}))
        return {
            "CiphertextBlob": blob,
            "Plaintext": plaintext,
            "KeyId": key.arn,
            "KeyMaterialId": key.materials[-1].id,
        }

    def _seal(self, key: Key, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        newest = key.materials[-1]
        return encrypt(self._directory.open(key, newest), key.key, newest.id, plaintext, context)

    def _open(
        self, tx: Transaction, data: bytes, context: Mapping[str, str], expected: str | None
    ) -> tuple[Key, str, bytes]:
        """(key, id of its material, plaintext)."""
        blob = read_blob(data)
        key = self._directory.find_usable(tx, blob.key_id)
        if expected is not None and self._directory.find(tx, expected).key != key.key:
            raise AwsError(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )
        material = next((one for one in key.materials if one.id == blob.material_id), None)
        if material is None:
            raise AwsError(
                "InvalidCiphertextException", f"The ciphertext was made by material that {key.arn} does not have."
            )
        return key, material.id, decrypt(self._directory.open(key, material), blob, context)


def _bytes(value: Any) -> bytes:
    """Of a blob, which another room may give as text."""
    return value.encode() if isinstance(value, str) else bytes(value)


def _length(number: int) -> int:
    if not 1 <= number <= LONGEST_RANDOM_BYTES:
        raise AwsError("ValidationException", f"NumberOfBytes is {number}, 1 to {LONGEST_RANDOM_BYTES} are allowed.")
    return number


def _check_algorithm(request: Mapping[str, Any]) -> None:
    for member in ALGORITHMS:
        if request.get(member, SYMMETRIC_DEFAULT) != SYMMETRIC_DEFAULT:
            raise NotImplementedHere(f"kms: the encryption algorithm {request[member]}", f"{SYMMETRIC_DEFAULT} is")
