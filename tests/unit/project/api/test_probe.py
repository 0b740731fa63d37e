"""A request of a check: it looks like API Gateway's, and its answer is held to status, endpoint, rows, numbers and time."""

import json
from typing import Any

import pytest
from check import CheckError, Clock
from probe import REQUESTS, Asked, Probe, alias_ids, require_quick, send_probe, version_ids
from request_sample import Body

from tests.aws.clients import body

ENDPOINT = "mls-flights-1-prd"
ASKED = Asked("mls-demo-api", "7", ENDPOINT, "binary")
ROWS = Body("1,AA\n2,BB\n", 2)


class Function:
    """Answers each request with the same, after a while."""

    def __init__(self, answer: object, function_error: str = "", seconds: float = 0.0) -> None:
        self.content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.error = {"FunctionError": function_error} if function_error else {}
        self.seconds, self.now = seconds, 0.0
        self.requests: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        self.now += self.seconds
        return {"Payload": body(self.content), **self.error}

    def probe(self, asked: Asked = ASKED) -> Probe:
        client: Any = self
        return send_probe(client, asked, "check-d-1-version-3", ROWS, Clock(lambda: self.now, lambda _: None))


def good(text: str, endpoint: str = ENDPOINT) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"X-SageMaker-Endpoint": endpoint}, "body": text}


def test_the_request_looks_like_api_gateways_own() -> None:
    function = Function(good("0.1\n0.2\n"))
    function.probe()
    [request] = function.requests
    assert (request["FunctionName"], request["Qualifier"]) == ("mls-demo-api", "7")
    event = json.loads(request["Payload"])
    assert (event["httpMethod"], event["body"]) == ("POST", "1,AA\n2,BB\n")
    assert event["headers"]["X-Amzn-SageMaker-Inference-Id"] == "check-d-1-version-3"


def test_how_long_an_answer_took_is_told() -> None:
    assert Function(good("0.1\n0.2\n"), seconds=0.25).probe() == Probe("check-d-1-version-3", 250.0)


@pytest.mark.parametrize(
    ("text", "task"),
    [("0\n1\n", "binary"), ("red,0.9\n'blue, or so',0.3\n", "multiclass"), ("-17.5\n2e3\n", "regression")],
)
def test_a_number_for_each_row_by_the_right_endpoint_passes(text: str, task: str) -> None:
    Function(good(text.replace("'", '"'))).probe(Asked("mls-demo-api", "live", ENDPOINT, task))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"statusCode": 500, "body": "oops"}, "answered 500: oops"),
        ({"statusCode": 200, "headers": None, "body": "0.1\n0.2\n"}, "asked endpoint None instead of mls-flights"),
        (good("0.1\n0.2\n", "old"), "asked endpoint old"),
        (good("0.1\n"), "1 answers to 2 rows: '0.1"),
        (good("0.1\n0.2\n0.3\n"), "3 answers to 2 rows"),
        (good("0.1\noften\n"), "answered 'often', which is no number"),
        (good("0.1\nnan\n"), "answered 'nan', which is no number"),
        (good("0.1\ninf\n"), "answered 'inf', which is no number"),
        (good("0.1\n1.2\n"), "answered '1.2', which is no probability"),
        ({}, "answered None"),
        ([], r"none of an API: \[\]"),
        (b"<html>", "none of an API: <html>"),
    ],
)
def test_any_other_answer_fails_with_the_request_and_what_was_found(answer: object, reason: str) -> None:
    with pytest.raises(CheckError, match=f"mls-demo-api:7, request check-d-1-version-3: .*{reason}"):
        Function(answer).probe()


def test_a_raised_error_fails_with_its_message() -> None:
    with pytest.raises(CheckError, match=r"raised an error.*schema.json"):
        Function({"errorMessage": "schema.json: there is no such file"}, "Unhandled").probe()


def test_the_slowest_answer_must_come_in_time() -> None:
    probes = [Probe("a", 10.0), Probe("b", 2000.4), Probe("c", 30.0)]
    require_quick(ASKED, probes, 2001)
    with pytest.raises(
        CheckError, match=r"request b: the answer took 2000 ms, the slowest of 3; canary.max_latency_ms is 150"
    ):
        require_quick(ASKED, probes, 150)


def test_the_ids_follow_from_the_check_and_fit_into_sagemakers_limit() -> None:
    job = "11111111-abcd-1111-abcd-111111abcdef"
    ids = [*version_ids(job), *alias_ids(job, 1375)]
    assert len(set(ids)) == len(ids) == REQUESTS + 1 + 1375
    assert max(map(len, ids)) <= 64
    assert all(one.startswith(f"check-{job}-") for one in ids)
