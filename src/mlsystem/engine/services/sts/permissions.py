"""What STS's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html"""

from __future__ import annotations

from mlsystem.engine.permission import Permissions, on

PERMISSIONS = Permissions(
    "sts",
    {
        "AssumeRole": [on("${RoleArn}", keys={"sts:RoleSessionName": "RoleSessionName"})],
        "GetSessionToken": [],  # of oneself: no policy speaks of it
        "GetCallerIdentity": [],  # everybody may ask who they are, even where it is denied
    },
)
