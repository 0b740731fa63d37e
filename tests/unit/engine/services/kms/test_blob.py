"""Ciphertexts of KMS."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.kms.blob import decrypt, encrypt, read_blob

MATERIAL, KEY_ID, MATERIAL_ID = b"m" * 32, str(uuid.uuid4()), "ab" * 32
CONTEXT = {"bucket": "b", "purpose": "test"}


@given(st.binary(min_size=1, max_size=4096), st.dictionaries(st.text(), st.text(), max_size=4))
def test_what_was_encrypted_is_decrypted_in_its_context(plaintext: bytes, context: dict[str, str]) -> None:
    data = encrypt(MATERIAL, KEY_ID, MATERIAL_ID, plaintext, context)
    blob = read_blob(data)
    assert (blob.key_id, blob.material_id) == (KEY_ID, MATERIAL_ID)
    assert decrypt(MATERIAL, blob, dict(reversed(context.items()))) == plaintext


@pytest.mark.parametrize("context", [{}, {"bucket": "b"}, {**CONTEXT, "more": "x"}, {"bucket": "btest", "purpose": ""}])
def test_another_context_does_not_open_it(context: dict[str, str]) -> None:
    data = encrypt(MATERIAL, KEY_ID, MATERIAL_ID, b"secret", CONTEXT)
    with pytest.raises(AwsError) as error:
        decrypt(MATERIAL, read_blob(data), context)
    assert error.value.code == "InvalidCiphertextException"


@pytest.mark.parametrize("place", [1, 20, 50, -1])
def test_an_altered_ciphertext_does_not_open(place: int) -> None:
    data = bytearray(encrypt(MATERIAL, KEY_ID, MATERIAL_ID, b"secret", CONTEXT))
    data[place] ^= 1
    with pytest.raises(AwsError):
        decrypt(MATERIAL, read_blob(bytes(data)), CONTEXT)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" * 100])
def test_what_is_no_ciphertext_is_refused(data: bytes) -> None:
    with pytest.raises(AwsError) as error:
        read_blob(data)
    assert error.value.code == "InvalidCiphertextException"
