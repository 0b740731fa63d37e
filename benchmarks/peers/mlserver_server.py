"""MLServer, for `mlserver start`: a model of one's own that speaks the open inference protocol."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from model import Model


class Served(MLModel):
    async def load(self) -> bool:
        self._model = Model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        found = NumpyCodec.encode_output("probabilities", self._model.probabilities(rows))
        return InferenceResponse(model_name=self.name, outputs=[found])
