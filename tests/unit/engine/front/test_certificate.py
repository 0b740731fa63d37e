"""The door's certificate is renewed long before its end, with the authority that clients know."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.authority import CERTIFICATE_LIFE
from mlsystem.engine.front.certificate import DoorCertificate

NOW = datetime(2027, 3, 1, tzinfo=UTC)


class Hall:
    """A door's folder, keys, and what clients trust."""

    def __init__(self, folder: Path):
        self.plane = DataPlane(folder / "door")
        self.public = folder / "ca.pem"
        self.keys = folder / "keys"

    def open(self, at: datetime) -> DoorCertificate:
        return DoorCertificate(self.plane, "127.0.0.1", self.keys, self.public, at.timestamp())

    @property
    def certificate(self) -> x509.Certificate:
        secret = json.loads(self.plane.layout.certificate.read_text())["resources"][0]
        chain = secret["tls_certificate"]["certificate_chain"]["inline_string"]
        return x509.load_pem_x509_certificate(chain.encode())

    def is_trusted(self) -> bool:
        """Raises InvalidSignature where it is not."""
        self.certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(self.public.read_bytes()))
        return True


def test_each_start_has_a_new_one_of_the_same_authority(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.open(NOW)
    first, trusted, laid = hall.certificate, hall.public.read_text(), hall.public.stat().st_ino
    hall.open(NOW + timedelta(days=1))
    assert hall.certificate.serial_number != first.serial_number
    assert hall.is_trusted()
    # The programs that have it mounted see it still.
    assert (hall.public.read_text(), hall.public.stat().st_ino) == (trusted, laid)
    assert hall.plane.layout.certificate.stat().st_mode & 0o777 == 0o600


def test_an_engine_that_runs_for_years_never_serves_an_old_one(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    certificate = hall.open(NOW)
    serials = {hall.certificate.serial_number}
    for day in range(1, 800):
        now = NOW + timedelta(days=day)
        certificate.tidy(now.timestamp())
        assert hall.certificate.not_valid_before_utc < now
        assert hall.certificate.not_valid_after_utc > now + CERTIFICATE_LIFE / 2
        serials.add(hall.certificate.serial_number)
    assert hall.is_trusted()
    assert 20 < len(serials) < 40, "about once a month"


def test_a_machine_that_slept_for_too_long_has_a_new_one_with_the_first_look(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    certificate = hall.open(NOW)
    awake = NOW + timedelta(days=200)
    certificate.tidy(awake.timestamp())
    assert hall.certificate.not_valid_after_utc > awake


def test_a_clock_that_is_set_back_brings_a_new_one_that_counts_already(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    certificate = hall.open(NOW)
    before = NOW - timedelta(days=60)
    certificate.tidy(before.timestamp())
    assert hall.certificate.not_valid_before_utc < before < hall.certificate.not_valid_after_utc


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.public.mkdir()
    with pytest.raises(StartupError, match=r"cannot be laid at .*ca\.pem"):
        hall.open(NOW)


def test_what_clients_trust_is_laid_again_where_it_was_lost_or_changed(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.open(NOW)
    trusted = hall.public.read_text()
    for damage in (hall.public.unlink, lambda: hall.public.write_bytes(b"another \xff")):
        damage()
        hall.open(NOW)
        assert hall.public.read_text() == trusted
