"""How moto's serializers find the members of a result: here results are dictionaries, and have few of the members that a shape has.

moto looks for each of them in objects of any kind, and writes down the path to it: more than half of what a long answer costs.
"""

from __future__ import annotations

from typing import Any


class DictionaryResults:
    """To be mixed into a serializer, before its own class. Errors, which are objects, are walked as moto does."""

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        if isinstance(value, dict):
            return value.get(key)
        walk: Any = super()
        return walk.get_value(value, key, shape)

    def _serialize(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        own: Any = self
        write = getattr(own, f"_serialize_type_{shape.type_name}", None) or own._default_serialize
        write(serialized, value, shape, key)

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        own: Any = self
        if not isinstance(value, dict) or shape.is_document_type:
            walk: Any = super()
            walk._serialize_type_structure(serialized, value, shape, key)
            return
        wrapper = {} if key else serialized
        for name, member in shape.members.items():
            if value.get(name) is not None:
                own._serialize_structure_member(wrapper, value, member, name)
        if key:
            own._default_serialize(serialized, wrapper, shape, key)
