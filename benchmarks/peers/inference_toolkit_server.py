"""SageMaker's inference toolkit: `python inference_toolkit_server.py FOLDER` starts its model server, with the functions below."""

import json
import os
import sys
from pathlib import Path
from typing import Any


def model_fn(folder: str) -> Any:
    from model import Model

    return Model()


def input_fn(body: str, content_type: str) -> Any:
    from model import numbers

    return numbers(body.encode())


def predict_fn(rows: Any, model: Any) -> Any:
    return model.probabilities(rows)


def output_fn(probabilities: Any, accept: str) -> str:
    return json.dumps(probabilities.tolist())


if __name__ == "__main__":
    from sagemaker_inference import model_server

    # Which it would write into /etc.
    model_server.MMS_CONFIG_FILE = str(Path(sys.argv[1]) / "mms.properties")
    os.chdir(sys.argv[1])
    model_server.start_model_server()
