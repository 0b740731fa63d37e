"""Checking what only Map states have: the processor's mode and the batcher.

https://states-language.net/spec.html#map-state and
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html. A Distributed Map is a run of its own,
with items from and results to S3; the local engine does not have it, and refuses its fields by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.faults import FaultList
from mlsystem.engine.decide.states.fields import DISTRIBUTED_FIELDS, EXCLUSIVE
from mlsystem.engine.decide.states.machine import QueryLanguage
from mlsystem.engine.decide.states.rules import Rule, mapping, query_or, query_value, reference_path, template, whole

_LIMITS = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")


def check_map(state: Mapping[str, Json], location: str, faults: FaultList) -> None:
    for name in DISTRIBUTED_FIELDS:
        if name in state:
            faults.not_here(f"{name} (a field of the Distributed Map)", f"{location}/{name}")
    if "ItemSelector" in state and "Parameters" in state:
        faults.schema("Only one of [ItemSelector, Parameters] may be there", location)


def check_processor_config(processor: Json, location: str, faults: FaultList) -> None:
    config = processor.get("ProcessorConfig", {}) if isinstance(processor, dict) else {}
    here = f"{location}/ProcessorConfig"
    mapping(config, here, faults)
    if not isinstance(config, dict):
        return
    mode = config.get("Mode", "INLINE")
    if mode == "DISTRIBUTED":
        faults.not_here("Map with ProcessorConfig.Mode DISTRIBUTED", f"{here}/Mode")
        return
    if mode != "INLINE":
        faults.schema("Mode should have one of these values: [INLINE, DISTRIBUTED]", f"{here}/Mode")
    for name in sorted(config.keys() - {"Mode"}):
        faults.schema(f"Field '{name}' is not supported when Mode is INLINE", here)


def check_batcher(batcher: Json, language: QueryLanguage, location: str, faults: FaultList) -> None:
    mapping(batcher, location, faults)
    if not isinstance(batcher, dict):
        return
    rules = _batcher_rules(language)
    for name, value in batcher.items():
        if name in rules:
            rules[name](value, f"{location}/{name}", faults)
        else:
            faults.schema(f"Field '{name}' is not supported", location)
    if not batcher.keys() & (rules.keys() - {"BatchInput"}):
        faults.schema(f"These fields are required: one of [{', '.join(_LIMITS)}]", location)
    for group in EXCLUSIVE:
        if len(batcher.keys() & set(group)) > 1:
            faults.schema(f"Only one of [{', '.join(group)}] may be there", location)


def _batcher_rules(language: QueryLanguage) -> dict[str, Rule]:
    if language is QueryLanguage.JSONATA:
        return {"BatchInput": query_value} | dict.fromkeys(_LIMITS, query_or(whole(1)))
    paths = dict.fromkeys([f"{name}Path" for name in _LIMITS], reference_path)
    return {"BatchInput": template} | dict.fromkeys(_LIMITS, whole(1)) | paths
