"""Saves the model as MLflow's own: `python mlflow_save.py FOLDER`."""

import sys

import lightgbm
import mlflow.lightgbm
from model import FOLDER

mlflow.lightgbm.save_model(
    lightgbm.Booster(model_file=FOLDER / "model.txt", params={"num_threads": 1}),
    sys.argv[1],
    pip_requirements=["lightgbm"],
)
