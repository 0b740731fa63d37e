"""What is decided before the first resource exists."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template import (
    Target,
    TemplateError,
    check_attributes,
    check_capabilities,
    load,
    make_scope,
    make_target,
    pseudo_parameters,
    required_capabilities,
    resolve_parameters,
)

PSEUDO = pseudo_parameters(region="eu-west-1", account="1", stack_name="stack", stack_id="arn:stack")
TEXT = """
Parameters:
  Stage: {Type: String, Default: dev}
Mappings:
  Counts: {dev: {Instances: 1}, prod: {Instances: 2}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Model: {Type: 'AWS::SageMaker::Model'}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Condition: IsProd
    DependsOn: Endpoint
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    DependsOn: [Role, Alarm]
    DeletionPolicy: Retain
    Metadata: {Note: !Ref Role}
    Properties:
      Name: !Sub '${AWS::StackName}-${Stage}-${Model}'
      Count: !FindInMap [Counts, !Ref Stage, Instances]
      Vpc: !ImportValue vpc
  Role: {Type: 'AWS::IAM::Role', UpdateReplacePolicy: Retain}
Outputs:
  Name: {Value: !GetAtt Endpoint.Name, Description: the name, Export: {Name: !Sub '${AWS::StackName}-name'}}
  Alarm: {Value: !Ref Alarm, Condition: IsProd}
"""


def made(text: str, exports: dict[str, str] | None = None, **given: str) -> Target:
    template = load(text)
    texts = resolve_parameters(template.parameters, given)
    return make_target(template, make_scope(template, texts, PSEUDO, exports))


def test_all_but_the_references_between_resources_is_decided() -> None:
    target = made(TEXT.replace("DependsOn: Endpoint", "DependsOn: Model"), {"vpc": "vpc-1", "other": "x"})
    assert list(target.resources) == ["Model", "Endpoint", "Role"]
    endpoint = target.resources["Endpoint"]
    assert endpoint.properties == {
        "Name": {"Fn::Join": ["", ["stack", "-", "dev", "-", {"Ref": "Model"}]]},
        "Count": 1,
        "Vpc": "vpc-1",
    }
    assert endpoint.depends_on == ("Role", "Model")
    assert (endpoint.deletion_policy, target.resources["Role"].update_replace_policy) == ("Retain", "Retain")
    assert list(target.outputs) == ["Name"]
    assert target.export_names == {"Name": "stack-name"}
    assert target.imports == ("vpc",)
    assert Target.model_validate_json(target.model_dump_json()) == target


def test_a_ring_that_only_a_condition_closes_is_refused_when_it_holds() -> None:
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \[Alarm, Endpoint\]"):
        made(TEXT, {"vpc": "vpc-1"}, Stage="prod")


def test_a_reference_to_a_resource_whose_condition_does_not_hold_is_refused() -> None:
    text = (
        "Parameters: {P: {Type: String, Default: a}}\nConditions: {Is: !Equals [!Ref P, b]}\nResources:\n"
        "  A: {Type: X, Condition: Is}\n  B: {Type: X, Properties: {P: !Ref A}}\n"
    )
    with pytest.raises(
        TemplateError, match=r"Unresolved resource dependencies \[A\] in the Resources block of the template"
    ):
        made(text)
    assert list(made(text, P="b").resources) == ["A", "B"]


def test_a_missing_export_is_named_before_anything_is_created() -> None:
    with pytest.raises(
        TemplateError, match=r"No export named vpc found at /Resources/Endpoint/Properties/Vpc \(line 22\)"
    ):
        made(TEXT.replace("DependsOn: Endpoint", "DependsOn: Model"))


def test_the_name_of_an_export_must_not_depend_on_a_resource() -> None:
    text = "Resources: {A: {Type: X}}\nOutputs: {O: {Value: a, Export: {Name: !Ref A}}}"
    with pytest.raises(TemplateError, match=r"must not depend on any resources, but refers to A. \(line 2\)"):
        made(text)


def test_an_attribute_that_the_type_does_not_have_is_refused() -> None:
    target = made("Resources: {A: {Type: X}, B: {Type: Y, Properties: {P: !GetAtt A.Colour}}}")
    with pytest.raises(TemplateError, match=r"resource A does not support attribute type Colour .*X has Arn, Name"):
        check_attributes(target, {"X": ["Name", "Arn"], "Y": []}.get)
    check_attributes(target, {"X": ["Colour"], "Y": []}.get)
    check_attributes(target, lambda _: None)


def test_a_policy_may_be_an_expression_with_language_extensions() -> None:
    text = (
        "Transform: AWS::LanguageExtensions\nParameters: {P: {Type: String, Default: Retain}}\n"
        "Resources: {A: {Type: X, DeletionPolicy: !Ref P}}"
    )
    assert made(text).resources["A"].deletion_policy == "Retain"


@pytest.mark.parametrize(
    ("resources", "needed"),
    [
        ("A: {Type: 'AWS::SNS::Topic'}", []),
        ("A: {Type: 'AWS::IAM::Role'}", ["CAPABILITY_IAM"]),
        ("A: {Type: 'AWS::IAM::Role', Properties: {RoleName: r}}", ["CAPABILITY_NAMED_IAM"]),
        ("A: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p}}", ["CAPABILITY_IAM"]),
    ],
)
def test_roles_must_be_acknowledged(resources: str, needed: list[str]) -> None:
    assert required_capabilities(load(f"Resources:\n  {resources}\n")) == needed


def test_a_missing_acknowledgement_is_named() -> None:
    template = load("Transform: AWS::LanguageExtensions\nResources: {A: {Type: 'AWS::IAM::Role'}}")
    with pytest.raises(
        AwsError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND, CAPABILITY_IAM\]"
    ) as refusal:
        check_capabilities(template, [])
    assert refusal.value.code == "InsufficientCapabilitiesException"
    check_capabilities(template, ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_NAMED_IAM"])
