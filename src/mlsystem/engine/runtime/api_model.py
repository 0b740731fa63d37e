"""botocore's models of AWS's APIs. Each is read once a process: that takes a tenth of a second and more, several times over if those that
ask at the same time all read.
"""

from __future__ import annotations

import functools
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from mlsystem.engine.decide.errors import AwsError

_loader = Loader()
# One for each service: who needs a small model does not wait for a large one.
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def api_description(service: str) -> Mapping[str, Any]:
    """The model as JSON has it, not to be changed. Raises botocore's UnknownServiceError."""
    with _locks[service]:
        # It keeps what it has read.
        description: Mapping[str, Any] = _loader.load_service_model(service, "service-2")
    return description


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Raises AwsError for a service that botocore does not have."""
    try:
        return ServiceModel(api_description(service), service)
    except UnknownServiceError as error:
        raise AwsError("ValidationException", f"There is no service {service}.") from error
