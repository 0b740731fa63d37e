"""Amazon API Gateway, REST APIs with Lambda proxy integrations: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.services.apigateway.api_keys import ApiKeys
from mlsystem.engine.services.apigateway.permissions import PERMISSIONS
from mlsystem.engine.services.apigateway.publishing import Publishing
from mlsystem.engine.services.apigateway.rest_apis import RestApis
from mlsystem.engine.services.apigateway.stages import Stages
from mlsystem.engine.services.apigateway.tags import Tags
from mlsystem.engine.services.apigateway.usage_plans import UsagePlans


def open_room(house: House, keeper: DoorKeeper) -> Room:
    parts = [RestApis(house), Stages(house), Publishing(house, keeper), ApiKeys(keeper), UsagePlans(keeper), Tags()]
    return Room("apigateway", parts, PERMISSIONS)
