"""A stack gives its tags to what takes tags; a resource's own come over them; an update changes both in place."""

from __future__ import annotations

import json
from typing import Any

from tests.live import LiveEngine
from tests.stacks import StackUser
from tests.tags import tagged_types, untagged

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def template(**tags: str) -> str:
    """One resource of each type whose tags were told by nobody before; `tags` are its own."""
    own = [{"Key": key, "Value": value} for key, value in tags.items()]
    resources: dict[str, dict[str, Any]] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16", "Tags": own}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.0.0/20", "Tags": own},
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "g", "VpcId": {"Ref": "Vpc"}, "Tags": own},
        },
        "Gateway": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "ServiceName": "com.amazonaws.us-east-1.s3", "Tags": own},
        },
        "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc", "Tags": own}},
        "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "tagged-images", "Tags": own}},
        "Code": {"Type": "AWS::CodeCommit::Repository", "Properties": {"RepositoryName": "tagged-code", "Tags": own}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "Tags": own}},
        "Volume": {"Type": "AWS::EFS::FileSystem", "Properties": {"FileSystemTags": own}},
        "Door": {
            "Type": "AWS::EFS::AccessPoint",
            "Properties": {"FileSystemId": {"Ref": "Volume"}, "AccessPointTags": own},
        },
    }
    return json.dumps({"Resources": resources})


def test_tags_of_a_stack_and_of_a_resource_are_told_of_the_resource_and_follow_an_update(engine: LiveEngine) -> None:
    stack = StackUser(engine, "tagged")
    client = engine.client("cloudformation")
    given = [{"Key": "Project", "Value": "p"}, {"Key": "Stage", "Value": "dev"}]
    body = template(Stage="shared", Owner="ada")
    request = {"StackName": "tagged", "Capabilities": ["CAPABILITY_IAM"], "Tags": given}
    stack.id = client.create_stack(**request, TemplateBody=body)["StackId"]
    assert stack.settled()["StackStatus"] == "CREATE_COMPLETE", stack.failures()
    assert len(tagged_types(engine, "tagged")) == 10
    assert untagged(engine, "tagged", {"Project": "p", "Stage": "shared", "Owner": "ada"}) == {}
    before = {name: stack.resource(name) for name in json.loads(body)["Resources"]}

    client.update_stack(**request, TemplateBody=template(Stage="other"))
    assert stack.settled()["StackStatus"] == "UPDATE_COMPLETE", stack.failures()
    assert untagged(engine, "tagged", {"Project": "p", "Stage": "other"}) == {}
    left = untagged(engine, "tagged", {"Owner": "ada"})
    assert left.keys() == before.keys(), "what the template has no longer is taken away"
    assert {name: stack.resource(name) for name in before} == before, "nothing is replaced"
    assert stack.delete()["StackStatus"] == "DELETE_COMPLETE", stack.failures()


def test_repositories_are_tagged_and_untagged(engine: LiveEngine) -> None:
    """As a client does it."""
    ecr, codecommit = engine.client("ecr"), engine.client("codecommit")
    arn = ecr.create_repository(repositoryName="retagged")["repository"]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "b", "Value": "2"}]
    arn = codecommit.create_repository(repositoryName="retagged", tags={"a": "1"})["repositoryMetadata"]["Arn"]
    codecommit.tag_resource(resourceArn=arn, tags={"b": "2"})
    codecommit.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert codecommit.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_a_role_with_a_boundary_is_refused_by_name(engine: LiveEngine) -> None:
    boundary = "arn:aws:iam::000000000000:policy/boundary"
    role = {"AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": boundary}
    stack = StackUser(engine, "bounded")
    body = json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}})
    assert stack.create(body)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "PermissionsBoundary" in stack.failures()["Role"]
    stack.delete()
