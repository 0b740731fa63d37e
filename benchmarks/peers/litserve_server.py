"""LitServe, whose requests are JSON."""

import sys
from typing import Any

import litserve
import numpy as np
from model import Model


class Served(litserve.LitAPI):
    def setup(self, device: Any) -> None:
        self._model = Model()

    def decode_request(self, request: dict[str, Any]) -> Any:
        return np.array(request["instances"])

    def predict(self, rows: Any) -> Any:
        return self._model.probabilities(rows)

    def encode_response(self, probabilities: Any) -> dict[str, Any]:
        return {"predictions": probabilities.tolist()}


if __name__ == "__main__":
    api = Served(api_path="/invocations")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
