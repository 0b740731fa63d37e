"""Secrets Manager: values under keys of the kms room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.secretsmanager.catalogue import Catalogue
from mlsystem.engine.services.secretsmanager.password import RandomPasswords
from mlsystem.engine.services.secretsmanager.permissions import PERMISSIONS
from mlsystem.engine.services.secretsmanager.safe import Safe
from mlsystem.engine.services.secretsmanager.values import Values


def open_room(house: House) -> Room:
    safe = Safe(house)
    return Room("secretsmanager", [Catalogue(safe), Values(safe), RandomPasswords()], PERMISSIONS)
