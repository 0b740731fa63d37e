"""`python -m mlsystem.console HOME SOCKET`: the console of a local engine, which starts this behind its front door."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from mlsystem.console.server import listen_inside, serve

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    home, path = Path(sys.argv[1]), Path(sys.argv[2])
    serve("local", home, listen_inside(path))
