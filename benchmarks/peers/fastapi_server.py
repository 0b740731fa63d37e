"""FastAPI by hand, for `uvicorn --workers 2`."""

from fastapi import FastAPI, Request, Response
from model import Model

app = FastAPI()
MODEL = Model()


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    return Response(MODEL.answer(await request.body()), media_type="text/csv")
