"""What the door asks about a request to a method of an API that wants a signature: is it right, and may its principal call the method?

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
"""

from __future__ import annotations

from dataclasses import replace

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from mlsystem.engine.contract import House
from mlsystem.engine.dataplane.filters import AUTHORIZE_PREFIX
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.http import http_request, read_body
from mlsystem.engine.front.principals import Authenticator
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.permission import Requirement

SIGNING_NAME = "execute-api"
ACTION = "execute-api:Invoke"
API_PREFIX = "/_api/"
# API Gateway's types for what is wrong with a signature.
TYPES = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "AccessDeniedException": "AccessDeniedException",
}
OTHERWISE = "InvalidSignatureException"


class ApiAuthorization:
    """ASGI application below `AUTHORIZE_PREFIX`: 200 lets the request through, everything else is the client's answer."""

    def __init__(self, authenticator: Authenticator, house: House):
        self._authenticator = authenticator
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = Request(scope, receive)
        request = http_request(http)
        request = replace(request, raw_path=request.raw_path.removeprefix(AUTHORIZE_PREFIX), body=await read_body(http))
        response = await to_thread.run_sync(self._answer, request)
        await response(scope, receive, send)

    def _answer(self, request: HttpRequest) -> Response:
        try:
            self._check(request)
        except AwsError as error:
            return _refused(error)
        return Response()

    def _check(self, request: HttpRequest) -> None:
        if not request.raw_path.startswith(API_PREFIX):
            raise AwsError("AccessDeniedException", f"{request.raw_path} is not a method of an API", 403)
        principal, signing_name = self._authenticator.authenticate(request)
        if signing_name != SIGNING_NAME:
            words = f"Credential should be scoped to correct service: '{SIGNING_NAME}'."
            raise AwsError("SignatureDoesNotMatch", words, 403)
        api, _, rest = request.raw_path.removeprefix(API_PREFIX).partition("/")
        stage, _, path = rest.partition("/")
        resource = self._house.scope.arn(SIGNING_NAME, f"{api}/{stage}/{request.method}/{path}")
        self._house.demand("apigateway", principal, Requirement(ACTION, resource))


def _refused(error: AwsError) -> Response:
    kind = TYPES.get(error.code, OTHERWISE)
    if error.code == "MissingAuthenticationToken":
        body = {"message": "Missing Authentication Token"}
    else:
        body = {"Message" if error.code == "AccessDeniedException" else "message": error.message}
    return JSONResponse(body, 403, {"x-amzn-errortype": kind})
