"""The links in messages: confirm a subscription, end one. They need no signature, as whoever has the link was sent it."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from mlsystem.engine.contract import House
from mlsystem.engine.decide.errors import AwsError


class Pages:
    """An ASGI application below `/_sns/`."""

    def __init__(self, house: House):
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await to_thread.run_sync(self._answer, request)
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method != "GET":
            return PlainTextResponse("Open the link with GET.\n", 405)
        query = dict(request.query_params)
        try:
            match request.url.path:
                case "/_sns/confirm":
                    names = {name: query.get(name, "") for name in ("TopicArn", "Token")}
                    found = self._house.call("sns", "ConfirmSubscription", names)
                    return PlainTextResponse(f"Subscription confirmed.\n{found['SubscriptionArn']}\n")
                case "/_sns/unsubscribe":
                    arn = query.get("SubscriptionArn", "")
                    self._house.call("sns", "Unsubscribe", {"SubscriptionArn": arn})
                    return PlainTextResponse("Subscription removed.\n")
                case _:
                    return PlainTextResponse("There is no such page.\n", 404)
        except AwsError as error:
            return PlainTextResponse(f"{error.message}\n", 400)
