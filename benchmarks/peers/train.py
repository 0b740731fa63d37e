"""Trains the workload's model: a LightGBM classifier of 100 rounds and four classes over 126 numbers, all from a seed.

    python train.py FOLDER

FOLDER becomes what a container finds as /opt/ml/model. Beside the model lie its scikit-learn form, the rows that are asked for,
and what the model says of them.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
from lightgbm import LGBMClassifier

FEATURES, CLASSES, ROUNDS = 126, 4, 100
TRAINED_ROWS, ASKED_ROWS = 4000, 100


def main(folder: Path) -> None:
    chance = np.random.default_rng(7)
    rows = np.round(chance.normal(size=(TRAINED_ROWS + ASKED_ROWS, FEATURES)), 4)
    levels = rows @ chance.normal(size=(FEATURES, CLASSES)) + chance.gumbel(scale=3, size=(len(rows), CLASSES))
    trained, asked = rows[:TRAINED_ROWS], rows[TRAINED_ROWS:]
    classifier = LGBMClassifier(n_estimators=ROUNDS, num_threads=1, seed=7, verbose=-1)
    classifier.fit(trained, levels[:TRAINED_ROWS].argmax(axis=1))
    (folder / "inference").mkdir(parents=True)
    classifier.booster_.save_model(folder / "model.txt")
    (folder / "classifier.pickle").write_bytes(pickle.dumps(classifier))
    schema = {
        "format": 1,
        "task": "multiclass",
        "target": "class",
        "classes": [str(code) for code in range(CLASSES)],
        "features": [{"name": f"f{place}", "categories": None} for place in range(FEATURES)],
        "missing_values": ["", "NA"],
    }
    (folder / "inference" / "schema.json").write_text(json.dumps(schema))
    np.savetxt(folder / "rows.csv", asked, fmt="%.4f", delimiter=",")
    (folder / "probabilities.json").write_text(json.dumps(classifier.booster_.predict(asked).tolist()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
