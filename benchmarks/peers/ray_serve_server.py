"""Ray Serve: two replicas; with RAY_SERVE_ENABLE_HA_PROXY=1 its HAProxy stands before them."""

import sys
import time
from typing import Any

import ray
from model import Model
from ray import serve
from starlette.requests import Request
from starlette.responses import Response


@serve.deployment(num_replicas=2, max_ongoing_requests=100, ray_actor_options={"num_cpus": 0})
class Served:
    def __init__(self) -> None:
        self._model = Model()

    async def __call__(self, request: Request) -> Any:
        return Response(self._model.answer(await request.body()), media_type="text/csv")


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[2])
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Served.bind(), route_prefix="/invocations")
    while True:
        time.sleep(3600)
