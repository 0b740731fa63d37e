"""Amazon SNS: which parts make the room."""

from __future__ import annotations

import os

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.sns.deliveries import Deliveries
from mlsystem.engine.services.sns.mailer import mailer_of
from mlsystem.engine.services.sns.pages import Pages
from mlsystem.engine.services.sns.permissions import PERMISSIONS
from mlsystem.engine.services.sns.publications import Publications
from mlsystem.engine.services.sns.subscriptions import Subscriptions
from mlsystem.engine.services.sns.topics import Topics


def open_room(house: House) -> Room:
    """Mail goes to the server that MLSYSTEM_SMTP names (`host:port`), else into the folder `mail` of the data folder."""
    mailer = mailer_of(os.environ.get("MLSYSTEM_SMTP", ""), house.folder.root / "mail")
    parts = [Topics(house), Subscriptions(house), Publications(house), Deliveries(house, mailer)]
    return Room("sns", parts, PERMISSIONS, mounts={"/_sns/": Pages(house)})
