"""All kinds of input, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz.files import FILES
from tests.fuzz.kind import Kind
from tests.fuzz.languages import LANGUAGES
from tests.fuzz.operations import OPERATIONS
from tests.fuzz.wire import WIRE

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (OPERATIONS, WIRE, *LANGUAGES, *FILES)}
