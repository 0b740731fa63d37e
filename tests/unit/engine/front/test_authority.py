"""The authority vouches for this machine's door and for nothing else, and outlives what it issues."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.authority import AUTHORITY_LIFE, CERTIFICATE_LIFE, FILE, Certificate, read_authority

NOW = datetime.now(UTC)


def _meet(certificate: Certificate, trusted: str, name: str, folder: Path) -> None:
    """A handshake with OpenSSL, as clients do it. Raises ssl.SSLCertVerificationError."""
    pair = folder / "pair.pem"
    pair.write_text(certificate.key + certificate.chain)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pair)
    asking = ssl.create_default_context(cadata=trusted)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname=name)
    server = served.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.getpeercert()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1", "127.0.0.3"])
def test_all_names_of_this_machine_are_vouched_for(tmp_path: Path, name: str) -> None:
    authority = read_authority(tmp_path, NOW)
    _meet(authority.issue("127.0.0.3", NOW), authority.pem, name, tmp_path)


@pytest.mark.parametrize("name", [x509.DNSName("example.org"), x509.IPAddress(ip_address("10.0.0.1"))])
def test_who_steals_its_key_can_play_no_other_server(tmp_path: Path, name: x509.GeneralName) -> None:
    authority = read_authority(tmp_path, NOW)
    issued = authority.issue("127.0.0.1", NOW)
    honest = x509.load_pem_x509_certificate(issued.chain.encode())
    forged = (
        x509.CertificateBuilder()
        .subject_name(honest.subject)
        .issuer_name(honest.issuer)
        .public_key(honest.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(authority.key, SHA256())
    )
    pem = forged.public_bytes(Encoding.PEM).decode()
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        _meet(Certificate(pem, issued.key, issued.ends_at), authority.pem, str(name.value), tmp_path)


def test_it_vouches_for_servers_alone_and_for_no_further_authority(tmp_path: Path) -> None:
    extensions = read_authority(tmp_path, NOW).certificate.extensions
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert extensions.get_extension_for_class(x509.NameConstraints).critical


def test_one_that_was_made_while_the_clock_was_ahead_counts_when_it_is_set_right(tmp_path: Path) -> None:
    made = read_authority(tmp_path, NOW + timedelta(days=4000))
    now = read_authority(tmp_path, NOW)
    assert now.pem == made.pem
    _meet(now.issue("127.0.0.1", NOW), now.pem, "127.0.0.1", tmp_path)


def test_it_stays_the_same_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = read_authority(folder, NOW)
    assert read_authority(folder, NOW + timedelta(days=365)).pem == first.pem
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_before_its_end_there_is_another_one(tmp_path: Path) -> None:
    first = read_authority(tmp_path, NOW)
    later = NOW + AUTHORITY_LIFE - CERTIFICATE_LIFE
    second = read_authority(tmp_path, later)
    assert second.pem != first.pem
    assert read_authority(tmp_path, later).pem == second.pem
    assert second.issue("127.0.0.1", later).ends_at < second.certificate.not_valid_after_utc


def test_engines_that_start_at_once_agree_on_one(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(read_authority(tmp_path, NOW).pem)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_damaged_one_is_not_silently_replaced(tmp_path: Path) -> None:
    read_authority(tmp_path, NOW)
    path = tmp_path / FILE
    content = path.read_text()
    other = tmp_path / "other"
    certificate = read_authority(other, NOW).pem
    key = content.partition("-----BEGIN CERTIFICATE")[0]
    locked = BestAvailableEncryption(b"a password")
    private = load_pem_private_key(key.encode(), None)
    closed = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode() + certificate
    for damaged in ("", content[: len(content) // 2], key + certificate, closed):
        path.write_text(damaged)
        with pytest.raises(StartupError, match=f"{FILE} is damaged: put it back, or remove it"):
            read_authority(tmp_path, NOW)
        assert path.read_text() == damaged


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder would be")
    with pytest.raises(StartupError, match="cannot be kept"):
        read_authority(tmp_path / "keys", NOW)


def test_keys_are_on_a_curve_that_browsers_take(tmp_path: Path) -> None:
    authority = read_authority(tmp_path, NOW)
    issued = x509.load_pem_x509_certificate(authority.issue("127.0.0.1", NOW).chain.encode())
    for certificate in (authority.certificate, issued):
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"
    # Apple's clients take none that counts longer than 825 days: https://support.apple.com/en-us/103769
    assert issued.not_valid_after_utc - issued.not_valid_before_utc < timedelta(days=825)
