"""The modules of project/retraining are imported by their bare names, as they import each other where they run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "project" / "retraining"))
