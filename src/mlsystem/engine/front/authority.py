"""The certificate of the front door, and the authority that vouches for it.

The authority is the user's own on this machine, for all data folders, and lies beside their master keys. It can vouch for nothing but this
machine itself (RFC 5280, 4.2.1.10): who steals its key cannot play any other server to those who trust it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store.disk import keep_private

FILE = "authority.pem"
AUTHORITY_LIFE = timedelta(days=3650)
CERTIFICATE_LIFE = timedelta(days=90)
# The clock of whoever checks may be behind; and that of this machine may be set right later.
_BEFORE = timedelta(days=1)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_HOST_NAME = "localhost"
_ADDRESSES = ("127.0.0.1", "::1")
_VOUCHES_FOR = x509.NameConstraints(
    permitted_subtrees=[
        x509.DNSName(_HOST_NAME),
        x509.IPAddress(ip_network("127.0.0.0/8")),
        x509.IPAddress(ip_network("::1/128")),
    ],
    excluded_subtrees=None,
)


@dataclass(frozen=True)
class Certificate:
    """`chain` and `key` are PEM; the certificate counts until `ends_at`."""

    chain: str
    key: str
    ends_at: datetime


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """What clients have to trust."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, host: str, now: datetime) -> Certificate:
        """For the address `host`, and all names of this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        addresses = dict.fromkeys((*_ADDRESSES, host))
        names = x509.SubjectAlternativeName(
            [x509.DNSName(_HOST_NAME), *(x509.IPAddress(ip_address(address)) for address in addresses)]
        )
        ends_at = now + CERTIFICATE_LIFE
        made = (
            _builder("mlsystem front door", self.certificate.subject, key, now - _BEFORE, ends_at)
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, SHA256())
        )
        return Certificate(made.public_bytes(Encoding.PEM).decode(), _pem(key), ends_at)


def read_authority(folder: Path, now: datetime) -> Authority:
    """The authority of the folder, made where there is none, or none that counts long enough. Raises StartupError."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = _read(path)
        if found is None or found.certificate.not_valid_after_utc < now + 2 * CERTIFICATE_LIFE:
            made = _make(now)
            # Of several engines that make the first one at once, one does; the others then find it.
            keep_private(path, _pem(made.key) + made.pem, stays=found is None)
            found = _read(path)
    except OSError as error:
        raise StartupError(f"the certificate authority {path} cannot be kept: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: its key asks for a password
        raise StartupError(
            f"the certificate authority {path} is damaged: put it back, or remove it, and a new one is made, which "
            "clients then have to trust"
        ) from error
    assert found is not None
    return found


def _make(now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mlsystem authority of this machine")])
    certificate = (
        _builder("mlsystem authority of this machine", name, key, _LONG_AGO, now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(_VOUCHES_FOR, critical=True)
        .sign(key, SHA256())
    )
    return Authority(certificate, key)


def _builder(
    subject: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins_at: datetime, ends_at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins_at)
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read(path: Path) -> Authority | None:
    """Raises ValueError for what is no authority."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    key = load_pem_private_key(content, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key on an elliptic curve")  # noqa: TRY004 - what the file has is wrong
    certificate = x509.load_pem_x509_certificate(content)
    if certificate.public_key() != key.public_key():
        raise ValueError("the certificate is of another key")
    return Authority(certificate, key)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
