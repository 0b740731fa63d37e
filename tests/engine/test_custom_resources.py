"""Custom resources with real functions: asked by event, answering through the front door, as their authors write them for AWS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functions import let_invoke, make_function
from tests.live import LiveEngine, eventually
from tests.stacks import StackUser, outputs

# Needs nothing but Python's own library, as the module cfnresponse does. What it does is what its properties say.
PROVIDER = """
import json, urllib.request

def send(event, context, status, **more):
    body = {'Status': status, 'PhysicalResourceId': event.get('PhysicalResourceId') or context.log_stream_name, 'Reason': '-'}
    for name in ('StackId', 'RequestId', 'LogicalResourceId'):
        body[name] = event[name]
    content = json.dumps({**body, **more}).encode()
    headers = {'content-type': '', 'content-length': str(len(content))}
    urllib.request.urlopen(urllib.request.Request(event['ResponseURL'], content, headers, method='PUT'))

def handler(event, context):
    if 'Records' in event:
        event = json.loads(event['Records'][0]['Sns']['Message'])
    print('REQUEST ' + json.dumps(event))
    given = event['ResourceProperties']
    if given.get('Raises') == event['RequestType']:
        raise RuntimeError('as it was told')
    if given.get('Fails') == event['RequestType']:
        return send(event, context, 'FAILED', Reason='no room for ' + given['Word'], PhysicalResourceId='half-made')
    data = {'Shout': given['Word'].upper(), 'Count': 7}
    more = {'Data': data, 'NoEcho': given.get('Hidden') == 'true'}
    if 'Id' in given and event['RequestType'] != 'Delete':
        more['PhysicalResourceId'] = given['Id']
    send(event, context, 'SUCCESS', **more)
"""
# It only writes down what it was asked; a person answers.
SILENT = "import json\ndef handler(event, context):\n    print('REQUEST ' + json.dumps(event))\n"


@pytest.fixture(scope="module")
def provider(engine: LiveEngine) -> str:
    return make_function(engine, "custom-provider", PROVIDER, Timeout=30)


@pytest.fixture(scope="module")
def silent(engine: LiveEngine) -> str:
    return make_function(engine, "custom-silent", SILENT, Timeout=30)


def thing(token: str, word: str = "word", **properties: object) -> dict[str, Any]:
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": token, "Word": word, **properties}}


def template(**resources: Mapping[str, Any]) -> str:
    told = {"Id": {"Value": {"Ref": "Thing"}}, "Shout": {"Value": {"Fn::GetAtt": ["Thing", "Shout"]}}}
    return json.dumps({"Resources": resources, "Outputs": told if "Thing" in resources else {}})


def requests(engine: LiveEngine, user: StackUser, function: str) -> list[dict[str, Any]]:
    """What the function was asked for this stack, in order."""
    group = f"/aws/lambda/{function.rsplit(':', 1)[-1]}"
    if not engine.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    pages = (
        engine.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern="REQUEST")
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    asked = [json.loads(line.partition("REQUEST ")[2]) for line in lines]
    return [event for event in asked if event["StackId"] == user.id]


def await_requests(engine: LiveEngine, user: StackUser, function: str, count: int) -> list[dict[str, Any]]:
    """Once the log has them all: it follows what is written."""
    found: list[dict[str, Any]] = eventually(
        lambda: asked if len(asked := requests(engine, user, function)) >= count else None
    )
    return found


def put(url: str, body: bytes) -> int:
    """The status of the answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def answer(event: Mapping[str, Any], **given: object) -> bytes:
    copied = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    return json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "by-hand", **copied, **given}).encode()


def test_a_custom_resource_is_made_changed_replaced_and_deleted_by_its_function(
    engine: LiveEngine, provider: str
) -> None:
    user = StackUser(engine, "custom-life")
    made = user.create(template(Thing=thing(provider, Flag=True, Sizes=[1, {"Share": 0.5}], Id="first")))
    assert made["StackStatus"] == "CREATE_COMPLETE", user.failures()
    assert outputs(made) == {"Id": "first", "Shout": "WORD"}
    changed = user.update(template(Thing=thing(provider, "other", Id="first")))
    assert changed["StackStatus"] == "UPDATE_COMPLETE", user.failures()
    assert outputs(changed) == {"Id": "first", "Shout": "OTHER"}
    assert outputs(user.update(template(Thing=thing(provider, "third", Id="second"))))["Id"] == "second"
    assert user.resource("Thing") == "second"
    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()

    create, update, replace, cleanup, delete = await_requests(engine, user, provider, 5)
    assert len({event["RequestId"] for event in (create, update, replace, cleanup, delete)}) == 5
    assert {name: create[name] for name in create if name not in ("ResponseURL", "RequestId")} == {
        "RequestType": "Create",
        "ServiceToken": provider,
        "StackId": user.id,
        "LogicalResourceId": "Thing",
        "ResourceType": "Custom::Thing",
        "ResourceProperties": {
            "ServiceToken": provider,
            "Word": "word",
            "Flag": "true",
            "Sizes": ["1", {"Share": "0.5"}],
            "Id": "first",
        },
    }
    assert (update["RequestType"], update["PhysicalResourceId"]) == ("Update", "first")
    assert update["OldResourceProperties"] == create["ResourceProperties"]
    assert update["ResourceProperties"]["Word"] == "other"
    assert (replace["RequestType"], replace["PhysicalResourceId"]) == ("Update", "first")
    assert (cleanup["RequestType"], cleanup["PhysicalResourceId"]) == ("Delete", "first")
    assert cleanup["ResourceProperties"]["Word"] == "other"
    assert (delete["RequestType"], delete["PhysicalResourceId"]) == ("Delete", "second")
    assert delete["ResourceProperties"]["Word"] == "third"


def test_a_function_that_fails_a_creation_is_asked_to_delete_what_it_has_made(
    engine: LiveEngine, provider: str
) -> None:
    user = StackUser(engine, "custom-failing")
    stack = user.create(template(Thing=thing(provider, Fails="Create")))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE", user.failures()
    assert "[FAILED] from custom resource. Message returned: no room for word" in user.failures()["Thing"]
    create, delete = await_requests(engine, user, provider, 2)
    assert create["RequestId"] in user.failures()["Thing"]
    assert (delete["RequestType"], delete["PhysicalResourceId"]) == ("Delete", "half-made")
    user.delete()


def test_a_failed_update_is_taken_back_by_an_update(engine: LiveEngine, provider: str) -> None:
    user = StackUser(engine, "custom-turning")
    user.create(template(Thing=thing(provider, Id="one")))
    stack = user.update(template(Thing=thing(provider, "bad", Id="one", Fails="Update")))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", user.failures()
    assert outputs(stack)["Shout"] == "WORD"
    _, forth, back = await_requests(engine, user, provider, 3)
    assert (forth["ResourceProperties"], forth["OldResourceProperties"]) == (
        back["OldResourceProperties"],
        back["ResourceProperties"],
    )
    user.delete()


def test_hidden_data_reaches_who_uses_it_and_no_event(engine: LiveEngine, provider: str) -> None:
    name = {"Fn::Join": ["", ["custom-", {"Fn::GetAtt": ["Thing", "Shout"]}]]}
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}
    user = StackUser(engine, "custom-hidden")
    made = user.create(template(Thing=thing(provider, Hidden=True), Group=group))
    assert made["StackStatus"] == "CREATE_COMPLETE", user.failures()
    assert user.resource("Group") == "custom-WORD"
    events = user.client.describe_stack_events(StackName=user.id)["StackEvents"]
    shown = {event["ResourceProperties"] for event in events if event["LogicalResourceId"] == "Group"}
    assert shown == {json.dumps({"LogGroupName": "custom-****"})}
    user.delete()


def test_silence_ends_with_the_time_that_the_template_gives(engine: LiveEngine, provider: str) -> None:
    user = StackUser(engine, "custom-raising")
    # What nobody answered is asked to go, too: a function that is warm answers that within its time.
    stack = user.create(template(Thing=thing(provider, Raises="Create", ServiceTimeout=3)))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE", user.failures()
    create, *_, delete = await_requests(engine, user, provider, 2)
    assert "did not receive a response from your Custom Resource" in user.failures()["Thing"]
    assert create["RequestId"] in user.failures()["Thing"]
    assert delete["RequestType"] == "Delete" and delete["PhysicalResourceId"].startswith("custom-raising-Thing-")
    user.delete()


def test_the_first_answer_counts_and_only_with_the_url_that_was_given(engine: LiveEngine, silent: str) -> None:
    user = StackUser(engine, "custom-by-hand")
    user.id = user.client.create_stack(StackName=user.name, TemplateBody=template(Only=thing(silent)))["StackId"]
    (create,) = await_requests(engine, user, silent, 1)
    assert put(create["ResponseURL"] + "0", answer(create)) == 403
    assert put(create["ResponseURL"].replace(create["RequestId"], "another"), answer(create)) == 403
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(create["ResponseURL"])
    assert put(create["ResponseURL"], answer(create, PhysicalResourceId="one")) == 200
    assert put(create["ResponseURL"], answer(create, PhysicalResourceId="two")) == 200
    assert user.settled()["StackStatus"] == "CREATE_COMPLETE", user.failures()
    assert user.resource("Only") == "one"

    user.client.delete_stack(StackName=user.id)
    delete = await_requests(engine, user, silent, 2)[-1]
    assert put(delete["ResponseURL"], answer(delete, Data={"Long": "x" * 4096})) == 200
    assert user.settled()["StackStatus"] == "DELETE_FAILED"
    assert "Response object is too long" in user.failures()["Only"]
    user.client.delete_stack(StackName=user.id, RetainResources=["Only"])
    assert user.settled()["StackStatus"] == "DELETE_COMPLETE"


def test_a_topic_hands_the_request_to_who_has_subscribed(engine: LiveEngine, provider: str) -> None:
    sns = engine.client("sns")
    topic = sns.create_topic(Name="custom-topic")["TopicArn"]
    let_invoke(engine, provider, "sns", topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=provider)
    user = StackUser(engine, "custom-topic")
    made = user.create(template(Thing=thing(topic, Id="by-topic")))
    assert made["StackStatus"] == "CREATE_COMPLETE", user.failures()
    assert outputs(made) == {"Id": "by-topic", "Shout": "WORD"}
    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("arn:aws:lambda:us-east-1:000000000000:function:nobody", "Function not found"),
        ("arn:aws:s3:::bucket", "Invalid service token"),
        ("nobody", "Invalid service token"),
    ],
)
def test_a_provider_that_is_not_there_fails_the_resource_at_once(engine: LiveEngine, token: str, told: str) -> None:
    user = StackUser(engine, "custom-nobody")
    stack = user.create(template(Only=thing(token)))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert told in user.failures()["Only"]
    user.delete()


def test_a_resource_keeps_its_provider(engine: LiveEngine, provider: str, silent: str) -> None:
    user = StackUser(engine, "custom-moving")
    user.create(template(Thing=thing(provider)))
    stack = user.update(template(Thing=thing(silent)))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert user.failures()["Thing"] == "Modifying service token is not allowed."
    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"ServiceToken": None}, "missing properties: ServiceToken"),
        ({"ServiceTimeout": 4000}, "ServiceTimeout must be between 1 and 3600"),
        ({"Word": "{{resolve:secretsmanager:x}}"}, "dynamic references are not supported in custom resources"),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_refused_before_anything_is_asked(
    engine: LiveEngine, properties: dict[str, Any], told: str
) -> None:
    given = {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:x", **properties}
    wrong = {"Type": "Custom::Thing", "Properties": {name: value for name, value in given.items() if value is not None}}
    with pytest.raises(ClientError, match=told):
        StackUser(engine, "custom-wrong").create(template(Wrong=wrong))
