"""As whom a stack acts: its role, else whoever asked for the change.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from mlsystem.engine.contract import House, Principal

SESSION = "AWSCloudFormation"


def acting_for(house: House, role_arn: str, caller: str) -> Principal:
    """`caller` is the ARN of a principal, empty for the account itself."""
    if role_arn:
        return house.session_of(role_arn, SESSION, "cloudformation")
    return Principal(caller, house.scope.account) if caller else house.root
