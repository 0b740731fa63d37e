"""AWS Lambda: which parts make the room. The folder is `lambda_`, since `lambda` is a word of Python."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.runtime.workload import Machinery
from mlsystem.engine.services.lambda_.aliases import Aliases
from mlsystem.engine.services.lambda_.code import CodeStore
from mlsystem.engine.services.lambda_.function_settings import FunctionSettings
from mlsystem.engine.services.lambda_.functions import Functions
from mlsystem.engine.services.lambda_.host_plan import HostPlans
from mlsystem.engine.services.lambda_.hosts import Hosts
from mlsystem.engine.services.lambda_.invocations import Invocations
from mlsystem.engine.services.lambda_.permissions import PERMISSIONS
from mlsystem.engine.services.lambda_.policies import Policies
from mlsystem.engine.services.lambda_.request_metrics import RequestMetrics
from mlsystem.engine.services.lambda_.routing import Routing
from mlsystem.engine.services.lambda_.versions import Versions


def open_room(house: House, machinery: Machinery) -> Room:
    code = CodeStore(house, machinery.images)
    hosts = Hosts(house, machinery, HostPlans(house, machinery, code))
    routing = Routing(house, hosts)
    parts = [
        Functions(house, code),
        Versions(house),
        Aliases(house, routing),
        Policies(house),
        FunctionSettings(house),
        hosts,
        routing,
        Invocations(house, hosts),
        RequestMetrics(house, hosts.root),
    ]
    return Room("lambda", parts, PERMISSIONS)
