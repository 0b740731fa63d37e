"""What the door says when it answers itself: AWS's words, by what went wrong and on which route.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

from mlsystem.engine.dataplane import filters, routes
from mlsystem.engine.dataplane.access_log import NAMESPACE
from mlsystem.engine.dataplane.typed import Json, extension, header, typed
from mlsystem.engine.decide.arn import Scope

_ENDPOINT = "xds.route_name.startsWith('endpoint/')"
# Not the control plane's word on who may not.
_DIRECT = "response.code == 400 && response.code_details == 'direct_response'"
_API = "xds.route_name.startsWith('api/')"
# 507: a body too large to be kept until somebody is there to take it.
_AWAY = "(response.code == 503 || response.code == 507)"
_FORM = "('content-type' in request.headers && request.headers['content-type'].startsWith('application/x-www-form-urlencoded'))"
# What the caller called it; the path is rewritten once the request is on its way.
_ENDPOINT_NAME = "%CEL(request.path.split('/')[2])%"

_MODEL_STATUS = f"%DYNAMIC_METADATA({NAMESPACE}:model_status)%"
_LIMIT = f"%METADATA(ROUTE:{filters.LUA}:max_body_bytes)%"

_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
_NO_HTTP = (
    "The response of container primary is not HTTP. Check that it answers POST /invocations with a whole response."
)
_UNAVAILABLE = "The service is unavailable. Try your call again."


def local_reply_config(scope: Scope) -> Json:
    return {"mappers": [*_sagemaker(scope), *_api_gateway(), *_console(), *_mlflow(), *_control_plane()]}


def _sagemaker(scope: Scope) -> list[Json]:
    logs = scope.arn("logs", "log-group:/aws/sagemaker/Endpoints/%CEL(xds.route_name.split('/')[1])%")
    return [
        _mapper(
            f"xds.route_name == '{routes.UNKNOWN_ENDPOINT}' && {_DIRECT}",
            400,
            "ValidationError",
            Message=f"Endpoint {_ENDPOINT_NAME} of account {scope.account} not found.",
        ),
        _mapper(
            f"xds.route_name == '{routes.UNKNOWN_VARIANT}' && {_DIRECT}",
            400,
            "ValidationError",
            Message=f"Variant %REQ(X-AMZN-SAGEMAKER-TARGET-VARIANT)% of endpoint {_ENDPOINT_NAME} "
            f"of account {scope.account} not found.",
        ),
        # AWS names no error type here: clients see the code "413".
        _mapper(
            f"{_ENDPOINT} && response.code == 413", 413, None, message=f"HTTP content length exceeded {_LIMIT} bytes."
        ),
        *(
            _mapper(
                f"{_ENDPOINT} && response.code == {code}",
                424,
                "ModelError",
                ErrorCode="INTERNAL_FAILURE_FROM_MODEL",
                LogStreamArn=logs,
                Message=f'Received server error (0) from primary with message "{words}"',
                OriginalMessage=words,
                OriginalStatusCode=0,
            )
            for code, words in ((502, _NO_HTTP), (504, _TIMED_OUT))
        ),
        _mapper(
            f"{_ENDPOINT} && response.code_details == 'response_payload_too_large'",
            424,
            "ModelError",
            ErrorCode="INTERNAL_FAILURE_FROM_MODEL",
            LogStreamArn=logs,
            Message=f"Received server error ({_MODEL_STATUS}) from primary and could not load the entire response body. "
            f"%METADATA(ROUTE:{filters.LUA}:see)%",
            OriginalMessage="",
            OriginalStatusCode=_MODEL_STATUS,
        ),
        _mapper(f"{_ENDPOINT} && response.code == 503", 503, "ServiceUnavailable", Message=_UNAVAILABLE),
    ]


def _api_gateway() -> list[Json]:
    return [
        _mapper(f"xds.route_name == '{routes.UNKNOWN_API}'", 403, "ForbiddenException", message="Forbidden"),
        _mapper(
            f"{_API} && xds.route_name.endsWith('{routes.NO_KEY}')", 403, "ForbiddenException", message="Forbidden"
        ),
        _mapper(f"{_API} && response.code == 429", 429, "TooManyRequestsException", message="Too Many Requests"),
        _mapper(
            # What the control plane says of a signature is its own answer.
            f"{_API} && response.code == 403 && !response.code_details.startsWith('ext_authz')",
            403,
            "MissingAuthenticationTokenException",
            message="Missing Authentication Token",
        ),
        _mapper(f"{_API} && response.code == 413", 413, "RequestTooLargeException", message="Request Too Long"),
        _mapper(
            f"{_API} && response.code == 504", 504, "InternalServerErrorException", message="Endpoint request timed out"
        ),
        _mapper(
            f"{_API} && response.code >= 500", 502, "InternalServerErrorException", message="Internal server error"
        ),
    ]


def _console() -> list[Json]:
    """It is read by people."""
    words = "The console does not answer: logs/console.log in the engine's data folder says why."
    return [
        _mapper(
            f"xds.route_name == '{routes.NO_CONSOLE}'",
            403,
            "AccessDeniedException",
            message="The console is for people, not for programs.",
        ),
        _mapper(f"xds.route_name == 'console' && {_AWAY}", 503, "ServiceUnavailable", message=words),
    ]


def _mlflow() -> list[Json]:
    """As MLflow's clients read it."""
    words = "MLflow does not answer: logs/mlflow.log in the engine's data folder says why."
    return [
        _mapper(
            f"xds.route_name == 'mlflow' && {_AWAY}", 503, None, error_code="TEMPORARILY_UNAVAILABLE", message=words
        )
    ]


def _control_plane() -> list[Json]:
    """Each client reads it in the words of its own protocol, and tries again."""
    advice = (
        "The engine's control plane does not answer: `mlsystem status` tells whether it runs, `mlsystem up` starts it."
    )
    error = f"<Code>ServiceUnavailable</Code><Message>{advice}</Message>"
    request_id = "<RequestId>%REQ(X-REQUEST-ID)%</RequestId>"
    return [
        _xml_mapper(f"{_AWAY} && {_signed_for('s3')}", f"<Error>{error}{request_id}</Error>"),
        _xml_mapper(
            f"{_AWAY} && {_FORM} && {_signed_for('ec2')}",
            f"<Response><Errors><Error>{error}</Error></Errors>{request_id}</Response>",
        ),
        _xml_mapper(
            f"{_AWAY} && {_FORM}",
            f"<ErrorResponse><Error><Type>Receiver</Type>{error}</Error>{request_id}</ErrorResponse>",
        ),
        _mapper(_AWAY, 503, "ServiceUnavailable", __type="ServiceUnavailable", message=advice),
    ]


def _signed_for(service: str) -> str:
    scope = f"/{service}/aws4_request"
    return f"('authorization' in request.headers && request.headers['authorization'].contains('{scope}'))"


def _mapper(condition: str, status: int, error_type: str | None, **body: object) -> Json:
    """The first mapper whose condition holds answers with `body` as JSON."""
    typed_error = [] if error_type is None else [header("x-amzn-errortype", error_type)]
    return _answer(condition, status, typed_error, {"json_format": body})


def _xml_mapper(condition: str, body: str) -> Json:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return _answer(
        condition, 503, [], {"text_format_source": {"inline_string": text}, "content_type": "application/xml"}
    )


def _answer(condition: str, status: int, headers: list[Json], body: Json) -> Json:
    matches = typed("extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=condition)
    operators = extension("cel", "extensions.formatter.cel.v3.Cel", cel_config={"enable_string_functions": True})
    return {
        "filter": {"extension_filter": {"name": "cel", "typed_config": matches}},
        "status_code": status,
        "headers_to_add": [header("x-amzn-requestid", "%REQ(X-REQUEST-ID)%"), *headers],
        "body_format_override": {"formatters": [operators], **body},
    }
