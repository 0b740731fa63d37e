"""Stacks through boto3: what a template says is what is there, and what a failure leaves is what was there before."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import role
from tests.stacks import StackUser, outputs

STORAGE = """
Parameters:
  Days: {Type: Number, Default: 7}
  Seed: {Type: String}
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: of the stack
      EnableKeyRotation: true
  KeyAlias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/stack-storage, TargetKeyId: !Ref Key}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      BucketEncryption:
        ServerSideEncryptionConfiguration:
        - ServerSideEncryptionByDefault: {SSEAlgorithm: 'aws:kms', KMSMasterKeyID: !GetAtt Key.Arn}
      LifecycleConfiguration: {Rules: [{Id: old, Status: Enabled, Prefix: tmp/, ExpirationInDays: !Ref Days}]}
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
        - Effect: Deny
          Principal: '*'
          Action: s3:*
          Resource: !GetAtt Bucket.Arn
          Condition: {Bool: {'aws:SecureTransport': 'false'}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {GenerateSecretString: {SecretStringTemplate: '{"user": "me"}', GenerateStringKey: password, PasswordLength: 20}}
  Repository:
    Type: AWS::CodeCommit::Repository
    Properties: {RepositoryName: stack-storage, Code: {BranchName: trunk, S3: {Bucket: !Ref Seed, Key: seed.zip}}}
Outputs:
  Bucket: {Value: !Ref Bucket}
  Key: {Value: !GetAtt Key.Arn}
  Group: {Value: !Ref Group}
  Secret: {Value: !Ref Secret}
"""


def seed(engine: LiveEngine, bucket: str) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("docs/read.me", "hello")
    engine.client("s3").create_bucket(Bucket=bucket)
    engine.client("s3").put_object(Bucket=bucket, Key="seed.zip", Body=content.getvalue())
    return bucket


def group(name: str, **properties: object) -> dict[str, object]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **properties}}


def template(resources: Mapping[str, object], **sections: object) -> str:
    return json.dumps({"Resources": resources, **sections})


def groups(engine: LiveEngine, prefix: str) -> dict[str, int | None]:
    """Retention by name."""
    found = engine.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {item["logGroupName"]: item.get("retentionInDays") for item in found}


def test_a_stack_of_storage_is_created_updated_in_place_and_deleted(engine: LiveEngine) -> None:
    user = StackUser(engine, "storage")
    bucket_of_seed = seed(engine, "stack-seed")
    made = user.create(STORAGE, {"Seed": bucket_of_seed})
    assert made["StackStatus"] == "CREATE_COMPLETE", user.failures()
    out = outputs(made)
    s3, logs = engine.client("s3"), engine.client("logs")

    encryption = s3.get_bucket_encryption(Bucket=out["Bucket"])["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == out["Key"]
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=out["Bucket"])
    assert engine.client("kms").get_key_rotation_status(KeyId=out["Key"])["KeyRotationEnabled"]
    file = engine.client("codecommit").get_file(repositoryName="stack-storage", filePath="docs/read.me")
    assert file["fileContent"] == b"hello"
    secret = json.loads(engine.client("secretsmanager").get_secret_value(SecretId=out["Secret"])["SecretString"])
    assert secret["user"] == "me" and len(secret["password"]) == 20

    changed = user.update(STORAGE, {"Seed": bucket_of_seed, "Days": "30"})
    assert changed["StackStatus"] == "UPDATE_COMPLETE" and outputs(changed) == out
    rule = s3.get_bucket_lifecycle_configuration(Bucket=out["Bucket"])["Rules"][0]
    assert (rule["ID"], rule["Filter"], rule["Expiration"]) == ("old", {"Prefix": "tmp/"}, {"Days": 30})
    assert logs.describe_log_groups(logGroupNamePrefix=out["Group"])["logGroups"][0]["retentionInDays"] == 30

    assert user.delete()["StackStatus"] == "DELETE_COMPLETE", user.failures()
    assert out["Bucket"] not in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert groups(engine, out["Group"]) == {}
    names = [item["repositoryName"] for item in engine.client("codecommit").list_repositories()["repositories"]]
    assert "stack-storage" not in names
    assert engine.client("kms").describe_key(KeyId=out["Key"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_stack_that_would_not_change_is_told_so(engine: LiveEngine) -> None:
    user, same = StackUser(engine, "unchanged"), template({"Group": group("unchanged")})
    user.create(same)
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        user.update(same)
    user.delete()


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (group("refused", Colour="red"), "Resource Wrong .*the property Colour is not implemented"),
        ({"Type": "AWS::Moon::Base"}, "Resource Wrong: the resource type AWS::Moon::Base is not implemented"),
        ({"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b"}}, "missing properties: PolicyDocument"),
    ],
)
def test_what_the_engine_does_not_have_is_refused_before_anything_is_created(
    engine: LiveEngine, resource: dict[str, object], told: str
) -> None:
    user = StackUser(engine, "refused")
    with pytest.raises(ClientError, match=told):
        user.create(template({"First": group("refused-first"), "Wrong": resource}))
    assert groups(engine, "refused") == {}
    with pytest.raises(ClientError, match="does not exist"):
        user.client.describe_stacks(StackName="refused")


def test_a_resource_that_fails_takes_the_whole_creation_back(engine: LiveEngine) -> None:
    engine.client("logs").create_log_group(logGroupName="taken")
    user = StackUser(engine, "failing")
    second = {**group("taken"), "DependsOn": "First"}
    stack = user.create(template({"First": group("failing-first"), "Second": second}))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exists" in user.failures()["Second"]
    assert groups(engine, "failing") == {}
    assert groups(engine, "taken") == {"taken": None}, "what was not the stack's own stays"
    user.delete()


MALFORMED = """
Resources:
  Repository:
    Type: AWS::CodeCommit::Repository
    Properties: {RepositoryName: malformed, Code: {BranchName: main}}
"""


def test_a_malformed_inner_property_fails_the_resource_and_is_not_tried_for_ever(engine: LiveEngine) -> None:
    user = StackUser(engine, "malformed")
    assert user.create(MALFORMED)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "malformed" in user.failures()["Repository"]
    user.delete()


def test_an_update_that_fails_gives_back_what_it_changed(engine: LiveEngine) -> None:
    engine.client("logs").create_log_group(logGroupName="occupied")
    user = StackUser(engine, "turning")
    days = {"Days": {"Type": "Number"}}
    first = template({"Kept": group("turning-kept", RetentionInDays={"Ref": "Days"})}, Parameters=days)
    user.create(first, {"Days": "7"})
    changed = {
        "Kept": group("turning-kept", RetentionInDays={"Ref": "Days"}),
        "New": {**group("turning-new"), "DependsOn": "Kept"},
        "Wrong": {**group("occupied"), "DependsOn": "New"},
    }
    stack = user.update(template(changed, Parameters=days), {"Days": "30"})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(engine, "turning") == {"turning-kept": 7}
    # What it was asked for is given back too: the next update builds on what stands.
    assert stack["Parameters"] == [{"ParameterKey": "Days", "ParameterValue": "7"}]
    assert user.client.get_template(StackName="turning")["TemplateBody"] == json.loads(first)
    assert user.change_parameters({"Days": "14"})["StackStatus"] == "UPDATE_COMPLETE"
    assert groups(engine, "turning") == {"turning-kept": 14}
    user.delete()


def test_a_replaced_resource_is_deleted_or_retained_as_its_policy_says(engine: LiveEngine) -> None:
    user = StackUser(engine, "replacing")

    def with_names(word: str) -> str:
        kept = {**group(f"replacing-kept-{word}"), "UpdateReplacePolicy": "Retain", "DeletionPolicy": "Delete"}
        return template({"Kept": kept, "Dropped": group(f"replacing-dropped-{word}")})

    user.create(with_names("one"))
    assert user.update(with_names("two"))["StackStatus"] == "UPDATE_COMPLETE"
    assert set(groups(engine, "replacing")) == {"replacing-kept-one", "replacing-kept-two", "replacing-dropped-two"}
    user.delete()
    assert set(groups(engine, "replacing")) == {"replacing-kept-one"}


def test_an_export_cannot_go_while_another_stack_imports_it(engine: LiveEngine) -> None:
    giver, taker = StackUser(engine, "giver"), StackUser(engine, "taker")
    export = {"Name": {"Value": {"Ref": "Group"}, "Export": {"Name": "given-name"}}}
    giver.create(template({"Group": group("given")}, Outputs=export))
    taken = {"Fn::Join": ["-", [{"Fn::ImportValue": "given-name"}, "taken"]]}
    taker.create(template({"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": taken}}}))
    assert "given-taken" in groups(engine, "given")
    assert giver.client.list_imports(ExportName="given-name")["Imports"] == ["taker"]
    stack = giver.delete()
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    events = giver.client.describe_stack_events(StackName="giver")["StackEvents"]
    assert any("in use by taker" in event.get("ResourceStatusReason", "") for event in events)
    taker.delete()
    with pytest.raises(ClientError, match="is not imported by any stack"):
        giver.client.list_imports(ExportName="given-name")
    assert giver.delete()["StackStatus"] == "DELETE_COMPLETE"


def test_a_protected_stack_stays_until_its_protection_is_taken_away(engine: LiveEngine) -> None:
    user = StackUser(engine, "protected")
    made = user.create(template({"Group": group("protected")}), EnableTerminationProtection=True)
    assert made["EnableTerminationProtection"] is True
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        user.client.delete_stack(StackName=user.name)
    user.client.update_termination_protection(StackName=user.name, EnableTerminationProtection=False)
    assert user.delete()["StackStatus"] == "DELETE_COMPLETE"


def test_a_state_machine_gets_its_definition_from_s3_with_substitutions(engine: LiveEngine) -> None:
    engine.client("s3").create_bucket(Bucket="definitions")
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "S",
        "States": {"S": {"Type": "Pass", "Output": "${Word}", "End": True}},
    }
    engine.client("s3").put_object(Bucket="definitions", Key="d.json", Body=json.dumps(definition).encode())
    properties = {
        "StateMachineName": "stacked",
        "RoleArn": role(engine, "states"),
        "DefinitionS3Location": {"Bucket": "definitions", "Key": "d.json"},
        "DefinitionSubstitutions": {"Word": "hello"},
    }
    user = StackUser(engine, "states")
    stack = user.create(
        template(
            {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}},
            Outputs={"Arn": {"Value": {"Ref": "Machine"}}, "Name": {"Value": {"Fn::GetAtt": ["Machine", "Name"]}}},
        )
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", user.failures()
    found = engine.client("stepfunctions").describe_state_machine(stateMachineArn=outputs(stack)["Arn"])
    assert json.loads(found["definition"])["States"]["S"]["Output"] == "hello"
    assert outputs(stack)["Name"] == "stacked"
    user.delete()
