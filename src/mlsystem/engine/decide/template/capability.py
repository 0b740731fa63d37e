"""What a person must acknowledge before a stack may be made from a template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities)
"""

from __future__ import annotations

from collections.abc import Collection

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.model import Template

IAM = "CAPABILITY_IAM"
NAMED_IAM = "CAPABILITY_NAMED_IAM"
AUTO_EXPAND = "CAPABILITY_AUTO_EXPAND"

# IAM's resource types, and the property that gives each a name of the author's choice.
CUSTOM_NAMES = {
    "AWS::IAM::AccessKey": None,
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": None,
}


def required_capabilities(template: Template) -> list[str]:
    """For an expanded template: its transforms count, and so do the roles that they brought."""
    found = [resource for resource in template.resources.values() if resource.type in CUSTOM_NAMES]
    named = any(CUSTOM_NAMES[resource.type] in resource.properties for resource in found)
    needed = [AUTO_EXPAND] if template.transforms else []
    if found:
        needed.append(NAMED_IAM if named else IAM)
    return needed


def check_capabilities(template: Template, acknowledged: Collection[str]) -> None:
    """Raises AwsError(InsufficientCapabilitiesException). CAPABILITY_NAMED_IAM includes CAPABILITY_IAM."""
    given = {*acknowledged} | ({IAM} if NAMED_IAM in acknowledged else set())
    missing = [name for name in required_capabilities(template) if name not in given]
    if missing:
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(missing)}]")
