"""What is refused before anything is created, in CloudFormation's words and with the line."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template import TemplateError, load, make_scope, make_target, validate

TOPIC = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Form
        ("Parameters: {}", "Template format error: At least one Resources member must be defined."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined. (line 1)"),
        ("Resources: {T: 1}", "Template format error: Any Resources member must be an object. (line 1)"),
        (
            "Resources:\n  T: {Properties: {}}",
            "Template format error: [/Resources/T] Every Resources object must contain a Type member. (line 2)",
        ),
        ("Resources:\n  my-t: {Type: X}", "Template format error: Resource name my-t is non alphanumeric. (line 2)"),
        (TOPIC + "    Propertis: {}", "Invalid template resource property 'Propertis' (line 4)"),
        (TOPIC + "Resource: {}", "Invalid template property or properties [Resource] (line 4)"),
        (
            TOPIC + "    Properties:\n      TopicName:\n",
            "[/Resources/Topic/Properties/TopicName] 'null' values are not",
        ),
        (
            "AWSTemplateFormatVersion: 2011-01-01\n" + TOPIC,
            "2011-01-01 is not a supported value for AWSTemplateFormatVer",
        ),
        (TOPIC + "    DeletionPolicy: Keep", "Unrecognized DeletionPolicy Keep for resource Topic"),
        (
            TOPIC + "    DeletionPolicy: Snapshot",
            "resource type AWS::SNS::Topic does not support DeletionPolicy Snapshot",
        ),
        ("Mappings: {M: [1]}\n" + TOPIC, "Template format error: Every Mappings member M must be a map (line 1)"),
        ("Mappings: {M: {A: 1}}\n" + TOPIC, "Template format error: Every Mappings member A must be a map (line 1)"),
        (
            "Mappings: {M: {A: {B: {Ref: X}}}}\n" + TOPIC,
            "Template format error: Every Mappings attribute must be a String or a List. (line 1)",
        ),
        (
            TOPIC + "Outputs: {O: {}}",
            "Template format error: Every Outputs member must contain a Value object (line 4)",
        ),
        (TOPIC + "Outputs: {O: {Value: a, Export: {Nme: b}}}", "Output O is malformed. The Name field of every Export"),
        (TOPIC + "Outputs: {O: {Value: a, Export: {Name: 'a b'}}}", "Output O is malformed. The Name field of every"),
        (TOPIC + "    DependsOn: {a: b}", "DependsOn must be a string or list of strings. (line 4)"),
        (TOPIC + "    Condition: [a]", "Every Condition member must be a string. (line 4)"),
        # Names that lead nowhere
        (
            TOPIC + "    Properties:\n      TopicName: !Ref Nam\n",
            "Template format error: Unresolved resource dependencies [Nam] in the Resources block of the template (line 5)",
        ),
        (
            TOPIC + "    Properties:\n      TopicName: !Sub 'a-${Nam}-${AWS::Regio}'\n",
            "Unresolved resource dependencies [Nam, AWS::Regio] in the Resources block of the template (line 5)",
        ),
        (
            TOPIC + "    DependsOn: Other",
            "Unresolved resource dependencies [Other] in the Resources block of the template",
        ),
        (
            TOPIC + "    Properties:\n      TopicName: !GetAtt Other.Name\n",
            "Template error: instance of Fn::GetAtt references undefined resource Other (line 5)",
        ),
        (
            TOPIC + "Outputs: {O: {Value: !Ref X}}",
            "Unresolved resource dependencies [X] in the Outputs block of the template",
        ),
        (
            TOPIC + "    Condition: Is",
            "Unresolved condition dependency Is in the Resources block of the template (line 4)",
        ),
        (
            TOPIC + "Outputs: {O: {Value: a, Condition: Is}}",
            "Unresolved condition dependency Is in the Outputs block of the template (line 4)",
        ),
        (
            TOPIC + "    Properties: {TopicName: !If [Is, a, b]}",
            "Template error: unresolved condition dependency Is in Fn::If (line 4)",
        ),
        (
            TOPIC + "    Properties: {TopicName: !FindInMap [M, a, b]}",
            "Mapping named 'M' is not present in the 'Mappings' section of template. (line 4)",
        ),
        (
            "Conditions: {Is: !Equals [!Ref Topic, a]}\n" + TOPIC,
            "Template format error: Unresolved dependencies [Topic]. Cannot reference resources in the Conditions block",
        ),
        (
            TOPIC + "    Properties: {A: {'Fn::Foo': 1}}",
            "Encountered unsupported function: Fn::Foo Supported functions",
        ),
        # Rings
        (
            "Resources:\n  A: {Type: X, Properties: {P: !Ref B}}\n  B: {Type: X, DependsOn: C}\n"
            "  C: {Type: X, Properties: {P: !Sub '${A.Arn}'}}\n  D: {Type: X, Properties: {P: !Ref A}}\n",
            "Circular dependency between resources: [A, B, C] (line 2)",
        ),
        ("Resources:\n  A: {Type: X, DependsOn: A}\n", "Circular dependency between resources: [A] (line 2)"),
    ],
)
def test_a_faulty_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        template = load(text)
        make_target(template, make_scope(template, {}, {}))
    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (TOPIC + "Rules: {}", "section Rules"),
        (TOPIC + "Hooks: {}", "section Hooks"),
        ("Transform: My::Macro\n" + TOPIC, "transform My::Macro"),
        (TOPIC + "    CreationPolicy: {}", "attribute CreationPolicy of the resource Topic"),
        (TOPIC + "    UpdatePolicy: {AutoScalingRollingUpdate: {}}", "UpdatePolicy AutoScalingRollingUpdate"),
        ("Resources: {'Fn::ForEach::T': [x, [a], {}]}", "function Fn::ForEach"),
    ],
)
def test_what_the_engine_does_not_have_is_refused_by_name(text: str, subject: str) -> None:
    with pytest.raises(NotImplementedHere) as refusal:
        load(text)
    assert subject in refusal.value.message


def test_too_many_parameters_are_refused() -> None:
    many = "\n".join(f"  P{number}: {{Type: String}}" for number in range(201))
    with pytest.raises(TemplateError, match="Number of parameters, 201, is greater than maximum allowed, 200"):
        load(f"Parameters:\n{many}\n{TOPIC}")


def test_references_in_both_branches_of_a_condition_may_point_at_each_other() -> None:
    template = load(
        "Parameters: {P: {Type: String, Default: a}}\n"
        "Conditions: {Is: !Equals [!Ref P, a]}\n"
        "Resources:\n"
        "  A: {Type: X, Properties: {P: !If [Is, !Ref B, 1]}}\n"
        "  B: {Type: X, Properties: {P: !If [Is, 1, !Ref A]}}\n"
    )
    validate(template)
