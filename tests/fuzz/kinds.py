"""All kinds of input, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz.api import API
from tests.fuzz.archives import ARCHIVES, BUILDSPECS
from tests.fuzz.files import DATASETS, GROUND_TRUTH
from tests.fuzz.kind import Kind
from tests.fuzz.languages import LANGUAGES
from tests.fuzz.operations import OPERATIONS
from tests.fuzz.wire import WIRE

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (OPERATIONS, WIRE, *LANGUAGES, DATASETS, GROUND_TRUTH, ARCHIVES, BUILDSPECS, API)
}
