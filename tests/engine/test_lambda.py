"""Lambda through boto3: functions that run, versions, aliases, asynchronous invocations, shared folders, crashes."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functions import archive, change_code, invoke, make_function
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.shares import make_mount_target, make_share

ECHO = """
import os
def handler(event, context):
    print("asked:", event)
    return {"event": event, "version": context.function_version, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "setting": os.environ.get("SETTING"),
            "memory": context.memory_limit_in_mb}
"""


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_function_answers_with_its_context(engine: LiveEngine) -> None:
    arn = make_function(engine, "echo", ECHO, Environment={"Variables": {"SETTING": "blue"}}, Timeout=9, MemorySize=256)
    answer, response = invoke(engine, "echo", {"a": [1, "ä"]}, LogType="Tail")
    assert answer["event"] == {"a": [1, "ä"]}
    assert answer["arn"] == arn
    assert (answer["version"], answer["setting"], answer["memory"]) == ("$LATEST", "blue", "256")
    assert 8000 < answer["left"] <= 9000
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, "$LATEST")
    tail = base64.b64decode(response["LogResult"]).decode()
    assert tail.startswith("START RequestId: ")
    assert "asked: {'a': [1, 'ä']}" in tail
    assert "Memory Size: 256 MB" in tail
    logs = engine.client("logs")

    def lines() -> list[str]:
        try:
            return [event["message"] for event in logs.filter_log_events(logGroupName="/aws/lambda/echo")["events"]]
        except ClientError:
            return []

    eventually(lambda: any(line.startswith("REPORT") for line in lines()))


def test_a_function_acts_as_its_role(engine: LiveEngine) -> None:
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    make_function(engine, "whoami", source, Timeout=30)
    answer, _ = invoke(engine, "whoami", {})
    assert answer == "arn:aws:sts::000000000000:assumed-role/function/whoami"


def test_an_exception_is_told_with_its_trace(engine: LiveEngine) -> None:
    make_function(engine, "raises", "def handler(event, context):\n    raise KeyError('nothing')\n")
    answer, response = invoke(engine, "raises", {})
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'nothing'")
    assert "app.py" in answer["stackTrace"][0]


def test_a_handler_that_refuses_to_start_fails_each_invocation(engine: LiveEngine) -> None:
    make_function(engine, "refuses", "raise RuntimeError('no model')\n")
    for _ in range(2):
        answer, response = invoke(engine, "refuses", {})
        assert response["FunctionError"] == "Unhandled"
        assert (answer["errorType"], answer["errorMessage"]) == ("RuntimeError", "no model")


def test_a_function_that_takes_too_long_is_ended_and_the_next_request_is_served(engine: LiveEngine) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'done'\n"
    make_function(engine, "slow", source, Timeout=1)
    answer, response = invoke(engine, "slow", 30)
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in answer["errorMessage"]
    assert invoke(engine, "slow", 0)[0] == "done"


def test_a_function_that_ends_its_process_is_told_so(engine: LiveEngine) -> None:
    make_function(engine, "exits", "import os\ndef handler(event, context):\n    os._exit(3)\n")
    answer, response = invoke(engine, "exits", {})
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in answer["errorMessage"]


def test_a_log_in_json_has_records_of_the_platform(engine: LiveEngine) -> None:
    source = "import logging\ndef handler(event, context):\n    logging.getLogger().warning('careful')\n"
    make_function(engine, "json-log", source, LoggingConfig={"LogFormat": "JSON"})
    _, response = invoke(engine, "json-log", {}, LogType="Tail")
    records = [json.loads(line) for line in base64.b64decode(response["LogResult"]).decode().splitlines()]
    start, own, report = records
    assert (start["type"], report["type"]) == ("platform.start", "platform.report")
    assert (own["level"], own["message"], own["requestId"]) == ("WARN", "careful", start["record"]["requestId"]) or own[
        "level"
    ] == "WARNING"
    assert report["record"]["status"] == "success"
    assert report["record"]["metrics"]["durationMs"] > 0


def test_new_code_answers_once_it_is_there(engine: LiveEngine) -> None:
    make_function(engine, "changed", "def handler(event, context):\n    return 1\n")
    assert invoke(engine, "changed", {})[0] == 1
    change_code(engine, "changed", "def handler(event, context):\n    return 2\n")
    assert invoke(engine, "changed", {})[0] == 2


def test_a_version_never_changes_and_is_published_once(engine: LiveEngine) -> None:
    client = engine.client("lambda")
    make_function(engine, "versions", ECHO, Environment={"Variables": {"SETTING": "old"}})
    first = client.publish_version(FunctionName="versions", Description="the first")
    assert first["Version"] == "1"
    assert client.publish_version(FunctionName="versions")["Version"] == "1"
    client.get_waiter("published_version_active").wait(FunctionName="versions", Qualifier="1")
    client.update_function_configuration(FunctionName="versions", Environment={"Variables": {"SETTING": "new"}})
    client.get_waiter("function_updated_v2").wait(FunctionName="versions", WaiterConfig={"Delay": 1})
    assert client.publish_version(FunctionName="versions")["Version"] == "2"
    assert invoke(engine, "versions", {}, Qualifier="1")[0]["setting"] == "old"
    assert invoke(engine, "versions", {}, Qualifier="2")[0]["setting"] == "new"
    listed = client.list_versions_by_function(FunctionName="versions")["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    with pytest.raises(ClientError) as error:
        client.publish_version(FunctionName="versions", CodeSha256="other")
    assert _code(error) == "InvalidParameterValueException"


def test_an_alias_shares_its_traffic_by_weight(engine: LiveEngine) -> None:
    client = engine.client("lambda")
    make_function(engine, "weights", "def handler(event, context):\n    return context.function_version\n")
    client.publish_version(FunctionName="weights")
    change_code(engine, "weights", "def handler(event, context):\n    return context.function_version + ''\n")
    alias = client.create_alias(FunctionName="weights", Name="live", FunctionVersion="1")
    assert {invoke(engine, "weights", {}, Qualifier="live")[0] for _ in range(5)} == {"1"}
    shifted = client.update_alias(
        FunctionName="weights",
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
        RevisionId=alias["RevisionId"],
    )
    assert shifted["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 0.5}
    answers = [invoke(engine, "weights:live", {}) for _ in range(60)]
    counted = Counter(answer for answer, _ in answers)
    assert all(answer == response["ExecutedVersion"] for answer, response in answers)
    assert min(counted["1"], counted["2"]) >= 10
    with pytest.raises(ClientError) as error:
        client.update_alias(FunctionName="weights", Name="live", FunctionVersion="2", RevisionId=alias["RevisionId"])
    assert _code(error) == "PreconditionFailedException"
    moved = client.update_alias(
        FunctionName="weights", Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert "RoutingConfig" not in moved
    with pytest.raises(ClientError) as error:
        client.delete_function(FunctionName="weights", Qualifier="2")
    assert _code(error) == "ResourceConflictException"


def test_reserved_concurrency_throttles(engine: LiveEngine) -> None:
    client = engine.client("lambda")
    make_function(engine, "reserved", ECHO)
    client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as error:
        invoke(engine, "reserved", {})
    assert error.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    client.delete_function_concurrency(FunctionName="reserved")
    assert invoke(engine, "reserved", 1)[0]["event"] == 1


RUNTIME = """#!/usr/bin/env python3
import json, os, sys, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as got:
        event, request_id = json.load(got), got.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = {"event": event, "setting": os.environ["SETTING"], "handler": sys.argv[1], "folder": os.getcwd()}
    urllib.request.urlopen(api + request_id + "/response", json.dumps(answer).encode()).close()
"""


def test_a_function_from_an_image_runs_the_images_own_entry_point(engine: LiveEngine) -> None:
    files, start = {"/opt/program/start": RUNTIME}, ["/opt/program/start"]
    uri = push_image(engine, "lambda-image", files, {"SETTING": "image"}, start, ["app.handler"])
    make_function(engine, "from-image", "", PackageType="Image", Code={"ImageUri": uri})
    answer, _ = invoke(engine, "from-image", {"b": 2})
    assert answer == {"event": {"b": 2}, "setting": "image", "handler": "app.handler", "folder": "/opt/program"}
    described = engine.client("lambda").get_function(FunctionName="from-image")
    assert described["Code"]["ImageUri"] == uri
    assert "@sha256:" in described["Code"]["ResolvedImageUri"]
    own = {"Command": ["other.handler"], "WorkingDirectory": "/tmp"}
    client = engine.client("lambda")
    client.update_function_configuration(FunctionName="from-image", ImageConfig=own)
    client.get_waiter("function_updated_v2").wait(FunctionName="from-image", WaiterConfig={"Delay": 1})
    answer, _ = invoke(engine, "from-image", {})
    assert (answer["handler"], answer["folder"]) == ("other.handler", "/tmp")


def test_a_shared_folder_is_mounted_and_kept(engine: LiveEngine) -> None:
    share = make_share(engine)
    source = """
import pathlib
def handler(event, context):
    file = pathlib.Path("/mnt/assets/note.txt")
    before = file.read_text() if file.exists() else ""
    file.write_text(event)
    return before
"""
    mounted = [{"Arn": share.access_point_arn, "LocalMountPath": "/mnt/assets"}]
    make_function(engine, "mounts", source, FileSystemConfigs=mounted)
    assert invoke(engine, "mounts", "first")[0] == ""
    assert invoke(engine, "mounts", "second")[0] == "first"
    assert (engine.folder / "shares" / share.file_system / "assets" / "note.txt").read_text() == "second"


def test_a_folder_without_a_mount_target_cannot_be_mounted_until_it_has_one(engine: LiveEngine) -> None:
    share = make_share(engine)
    efs = engine.client("efs")
    efs.delete_mount_target(MountTargetId=share.mount_target)
    eventually(lambda: not efs.describe_mount_targets(FileSystemId=share.file_system)["MountTargets"])
    mounted = [{"Arn": share.access_point_arn, "LocalMountPath": "/mnt/assets"}]
    make_function(engine, "unmounted", ECHO, FileSystemConfigs=mounted)
    with pytest.raises(ClientError) as error:
        invoke(engine, "unmounted", {})
    assert _code(error) == "EFSMountConnectivityException"
    make_mount_target(engine, share.file_system, share.subnet)
    assert invoke(engine, "unmounted", 5)[0]["event"] == 5


def test_a_mount_that_times_out_is_told_so(engine: LiveEngine) -> None:
    share = make_share(engine)
    (engine.folder / "shares" / f"{share.file_system}.unresponsive").write_text("2")
    mounted = [{"Arn": share.access_point_arn, "LocalMountPath": "/mnt/assets"}]
    make_function(engine, "waits", ECHO, FileSystemConfigs=mounted)
    for _ in range(2):
        with pytest.raises(ClientError) as error:
            invoke(engine, "waits", {})
        assert _code(error) == "EFSMountTimeoutException"
    assert invoke(engine, "waits", 6)[0]["event"] == 6


COUNT = """
import os, pathlib
def handler(event, context):
    file = pathlib.Path("/mnt/assets/runs.txt")
    with file.open("a") as runs:
        runs.write(context.aws_request_id + chr(10))
    if len(file.read_text().split()) <= event["failures"]:
        raise ValueError("not yet")
"""


def _counting(engine: LiveEngine, name: str) -> Path:
    """A function that writes down each run; the file that it writes to."""
    share = make_share(engine)
    make_function(
        engine,
        name,
        COUNT,
        FileSystemConfigs=[{"Arn": share.access_point_arn, "LocalMountPath": "/mnt/assets"}],
    )
    return engine.folder / "shares" / share.file_system / "assets" / "runs.txt"


def _runs(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def test_an_event_is_tried_three_times(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine(time_scale=200.0)
    live.start()
    runs = _counting(live, "retried")
    client = live.client("lambda")
    accepted = client.invoke(FunctionName="retried", InvocationType="Event", Payload=b'{"failures": 2}')
    assert accepted["StatusCode"] == 202
    eventually(lambda: len(_runs(runs)) == 3)
    client.invoke(FunctionName="retried", InvocationType="Event", Payload=b'{"failures": 3}')
    eventually(lambda: len(_runs(runs)) == 4)
    assert client.list_function_event_invoke_configs(FunctionName="retried")["FunctionEventInvokeConfigs"] == []
    client.put_function_event_invoke_config(FunctionName="retried", MaximumEventAgeInSeconds=600)
    client.update_function_event_invoke_config(FunctionName="retried", MaximumRetryAttempts=0)
    (config,) = client.list_function_event_invoke_configs(FunctionName="retried")["FunctionEventInvokeConfigs"]
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 600)
    client.invoke(FunctionName="retried", InvocationType="Event", Payload=b'{"failures": 99}')
    eventually(lambda: len(_runs(runs)) == 5)


@pytest.mark.parametrize(
    "point",
    ["lambda.async_invocation.Invoking.after_commit", "lambda.invoke_event.before", "lambda.invoke_event.after"],
)
def test_an_accepted_event_runs_once_although_the_engine_dies(
    new_engine: Callable[..., LiveEngine], point: str
) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": point})
    runs = _counting(live, "once")
    with contextlib.suppress(
        ClientError
    ):  # Each of these points may come before the answer: the event is written down all the same.
        live.client("lambda").invoke(FunctionName="once", InvocationType="Event", Payload=b'{"failures": 0}')
    live.await_death()
    live.start()
    eventually(lambda: len(_runs(runs)) >= 1)
    eventually(lambda: _is_quiet(live))
    assert len(_runs(runs)) == 1


def _is_quiet(live: LiveEngine) -> bool:
    """Whether nothing is left in the outbox: a request through the engine and the outcome of the event come one after the other."""
    import sqlite3

    connection = sqlite3.connect(f"file:{live.folder / 'state.db'}?mode=ro", uri=True)
    try:
        query = "select count(*) from records where kind = 'lambda.async_invocation'"
        return bool(connection.execute(query).fetchone()[0] == 0)
    finally:
        connection.close()


def test_a_function_is_finished_although_the_engine_dies(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": "lambda.prepare_code.before"})
    arn = role(live, "function")
    package = {"ZipFile": archive({"app.py": ECHO})}
    with contextlib.suppress(ClientError):  # the answer may not get out
        live.client("lambda").create_function(
            FunctionName="half", Role=arn, Runtime="python3.13", Handler="app.handler", Code=package
        )
    live.await_death()
    live.start()
    live.client("lambda").get_waiter("function_active_v2").wait(FunctionName="half", WaiterConfig={"Delay": 1})
    assert invoke(live, "half", 1)[0]["event"] == 1


def test_hosts_outlive_the_engine_and_end_with_it_in_good_order(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    make_function(live, "stays", "import os\ndef handler(event, context):\n    return os.getppid()\n")
    marks = _host_processes(live)
    invoke(live, "stays", {})
    running = _host_processes(live) - marks
    assert running
    live.kill()
    live.start()
    assert _host_processes(live) >= running
    invoke(live, "stays", {})
    assert _host_processes(live) == running
    live.stop()
    assert not _host_processes(live)


def _host_processes(live: LiveEngine) -> set[str]:
    """The shims of function hosts in this folder that run."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"{live.folder}/processes/function." in command:
            found.add(path.parent.name)
    return found


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]}, "Layers"),
        ({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}}, "DeadLetterConfig"),
        ({"Runtime": "nodejs22.x"}, "nodejs22.x"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(engine: LiveEngine, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError, match=named) as error:
        make_function(engine, "refused", ECHO, **settings)
    assert _code(error) == "NotImplemented"
    with pytest.raises(ClientError) as error:
        engine.client("lambda").get_function(FunctionName="refused")
    assert _code(error) == "ResourceNotFoundException"


def test_wrong_code_is_refused_at_once(engine: LiveEngine) -> None:
    for code in ({"ZipFile": b"no archive"}, {"S3Bucket": "nowhere-at-all", "S3Key": "app.zip"}):
        with pytest.raises(ClientError) as error:
            make_function(engine, "broken", "", Code=code, Runtime="python3.13", Handler="app.handler")
        assert _code(error) == "InvalidParameterValueException"


def _linked(*members: tuple[str, str, bool]) -> bytes:
    """A ZIP file of names with contents; of a link it is where the link leads."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as content:
        for name, text, is_link in members:
            item = zipfile.ZipInfo(name)
            item.external_attr = (0o120777 if is_link else 0o100644) << 16
            content.writestr(item, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    "members",
    [
        (("way", "{outside}", True), ("way/planted", "x", False)),
        (("way/planted", "x", False), ("way", "{outside}", True)),
        (("way", "{outside}", True), ("../way/planted", "x", False)),
        (("way", "{outside}", True), ("way/planted", "/etc/passwd", True)),
        (("file", "{outside}/planted", True), ("./file", "x", False)),
        (("one", "{outside}", True), ("/one", "two", True)),
    ],
)
def test_code_that_would_be_written_through_a_link_is_refused(
    engine: LiveEngine, tmp_path: Path, members: tuple[tuple[str, str, bool], ...]
) -> None:
    code = _linked(*((name, text.format(outside=tmp_path), is_link) for name, text, is_link in members))
    with pytest.raises(ClientError, match="Could not unzip uploaded file") as error:
        make_function(engine, "climbing", "", Code={"ZipFile": code}, Runtime="python3.13", Handler="app.handler")
    assert _code(error) == "InvalidParameterValueException"
    assert list(tmp_path.iterdir()) == []


def test_links_of_code_lead_where_they_lead_inside_and_none_is_made_outside(engine: LiveEngine) -> None:
    source = "def handler(event, context):\n    return open('under/alias.txt').read()\n"
    code = _linked(
        ("app.py", source, False), ("real.txt", "real", False), ("../../under/alias.txt", "../real.txt", True)
    )
    make_function(engine, "linked", "", Code={"ZipFile": code}, Runtime="python3.13", Handler="app.handler")
    assert invoke(engine, "linked", {})[0] == "real"
    assert not list((engine.folder / "work").glob("under*"))


def test_permissions_are_statements_of_the_functions_policy(engine: LiveEngine) -> None:
    client = engine.client("lambda")
    make_function(engine, "policy", ECHO)
    granted = {"FunctionName": "policy", "StatementId": "api", "Action": "lambda:InvokeFunction"}
    client.add_permission(
        **granted, Principal="apigateway.amazonaws.com", SourceArn="arn:aws:execute-api:us-east-1:000000000000:a/*"
    )
    with pytest.raises(ClientError) as error:
        client.add_permission(**granted, Principal="apigateway.amazonaws.com")
    assert _code(error) == "ResourceConflictException"
    statement = json.loads(client.get_policy(FunctionName="policy")["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    client.remove_permission(FunctionName="policy", StatementId="api")
    with pytest.raises(ClientError) as error:
        client.get_policy(FunctionName="policy")
    assert _code(error) == "ResourceNotFoundException"


def test_a_deleted_function_is_gone_with_all_that_belongs_to_it(engine: LiveEngine) -> None:
    client = engine.client("lambda")
    make_function(engine, "gone", ECHO, Tags={"a": "b"})
    client.publish_version(FunctionName="gone")
    client.create_alias(FunctionName="gone", Name="live", FunctionVersion="1")
    invoke(engine, "gone:live", {})
    client.delete_function(FunctionName="gone")
    for call in (client.get_function, client.list_aliases, client.list_versions_by_function):
        with pytest.raises(ClientError) as error:
            call(FunctionName="gone")
        assert _code(error) == "ResourceNotFoundException"
    eventually(lambda: "gone:" not in _hosts(engine))
    make_function(engine, "gone", ECHO)
    assert invoke(engine, "gone", 3)[0]["event"] == 3


def _hosts(engine: LiveEngine) -> str:
    import sqlite3

    connection = sqlite3.connect(f"file:{engine.folder / 'state.db'}?mode=ro", uri=True)
    try:
        return " ".join(row[0] for row in connection.execute("select key from records where kind = 'lambda.host'"))
    finally:
        connection.close()
