"""What the users of all clients find on the engine: a bucket, a role, and an image that trains, processes and serves."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from mlsystem.client.connection import read_engine
from tests.images import push_image
from tests.live import LiveEngine
from tests.roles import role
from tests.transforming import SERVE

# Nothing listens there: what leaves the machine fails.
NOWHERE = "http://127.0.0.1:9"
PROCESS = """#!/usr/bin/env python3
import pathlib
for path in sorted(pathlib.Path("/opt/ml/processing/input").glob("*.csv")):
    text = path.read_text()
    print(f"{path.name} has {len(text.splitlines())} lines", flush=True)
    pathlib.Path("/opt/ml/processing/output", path.name).write_text(text.upper())
"""
TRAIN = """#!/usr/bin/env python3
import json, pathlib
given = json.loads(pathlib.Path("/opt/ml/input/config/hyperparameters.json").read_text())
rows = pathlib.Path("/opt/ml/input/data/train/train.csv").read_text().splitlines()
pathlib.Path("/opt/ml/model/rounds.txt").write_text(given["rounds"])
print(f"trained {given['rounds']} rounds on {len(rows)} rows", flush=True)
"""


class Workplace:
    """Names that a client's program is given, and the environment that `mlsystem env` makes for it."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.name = f"clients-{uuid.uuid4().hex[:8]}"
        engine.client("s3").create_bucket(Bucket=self.name)
        files = {"serve": SERVE, "process": PROCESS, "train": TRAIN}
        image = push_image(engine, self.name, {f"/opt/program/{name}": text for name, text in files.items()})
        self.given = {"NAME": self.name, "IMAGE": image, "ROLE": role(engine, "clients")}

    def environment(self, home: Path) -> dict[str, str]:
        """Of a program whose user's own folder is `home`."""
        return {
            **self.given,
            **read_engine(self.engine.folder).environment(),
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1",
        }
