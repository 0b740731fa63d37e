"""BentoML, for `bentoml serve`: the rows of a request as text."""

import bentoml
from model import Model


@bentoml.service(workers=2)
class Served:
    def __init__(self) -> None:
        self._model = Model()

    @bentoml.api(route="/invocations")
    async def invocations(self, rows: str, /) -> str:
        return self._model.answer(rows.encode()).decode()
