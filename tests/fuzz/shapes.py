"""Values of botocore's shapes: mostly of the right type and within their constraints, and of things that exist; some at the edges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.fuzz.mutations import edge_text, edge_value, havoc
from tests.fuzz.texts import DOCUMENTS, archive_bytes

DEEPEST = 7
WHOLE = (
    0,
    1,
    -1,
    2,
    5,
    60,
    99,
    100,
    300,
    900,
    1000,
    86400,
    2**31 - 1,
    2**31,
    -(2**31),
    2**63 - 1,
    2**63,
    -(2**63),
    2**64,
    10**25,
)
FRACTIONS = (0.0, 1.0, -1.0, 0.5, 99.9, 1e-320, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), -0.0)
MOMENTS = (
    datetime(2026, 5, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23,
    59, 59, tzinfo=UTC),
    datetime(2040, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), datetime(2026, 5, 1, 1, 2, 3, 999999, tzinfo=UTC),
)  # fmt: skip
PLAIN = ("a", "fuzz", "fuzz-1", "x" * 20, "A1", "1", "10", "0", "key/with/slash", "a.b", "0123456789abcdef0", "Abc-_=.")
MOST_KNOWN = 60


@dataclass
class Known:
    """What exists: values by the name of the member that takes them, and whole requests that were once right."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    requests: dict[tuple[str, str], list[Mapping[str, Any]]] = field(default_factory=dict)

    def learn(self, value: Any, name: str = "") -> None:
        """From a request or an answer."""
        if isinstance(value, Mapping):
            for member, inner in value.items():
                self.learn(inner, str(member))
        elif isinstance(value, list | tuple):
            for inner in value:
                self.learn(inner, name)
        elif isinstance(value, str) and value and len(value) < 2000:
            kept = self.values.setdefault(_stem(name), [])
            if value not in kept and len(kept) < MOST_KNOWN:
                kept.append(value)

    def ask(self, service: str, operation: str, request: Mapping[str, Any]) -> None:
        self.requests.setdefault((service, operation), []).append(request)
        self.learn(request)

    def like(self, name: str) -> Sequence[Any]:
        """Values that a member of this name may take: its own, else those of members that end or begin like it."""
        stem = _stem(name)
        if stem in self.values:
            return self.values[stem]
        ending = [
            value
            for known, values in self.values.items()
            if len(known) > 2 and stem.endswith(known)
            for value in values
        ]
        return ending or [
            value for known, values in self.values.items() if known.endswith(stem) and stem for value in values
        ]


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("s")


class Values:
    """Makes values. `wild` is how often a value is out of its constraints; what members it gives is chance's choice."""

    def __init__(self, chance: Random, known: Known, wild: float):
        self._chance, self._known, self._wild = chance, known, wild

    def request(self, shape: StructureShape, accepted: frozenset[str]) -> dict[str, Any]:
        """Of an operation: its required members, and some of those that the engine takes."""
        chance = self._chance
        most = chance.choice((0.1, 0.4, 0.9))
        names = [
            name
            for name in shape.members
            if (name in shape.required_members and chance.random() > 0.02)
            or chance.random() < (most if name in accepted else 0.005)
        ]
        return {name: self.value(shape.members[name], name, 1) for name in names}

    def varied(self, shape: Shape, value: Any, name: str, share: float) -> Any:
        """A request that was right, with some of its values replaced, left out or added."""
        chance = self._chance
        if chance.random() < share:
            return self.value(shape, name, 1)
        if isinstance(shape, StructureShape) and isinstance(value, Mapping):
            kept = {
                member: self.varied(shape.members[member], inner, member, share)
                for member, inner in value.items()
                if member in shape.members and chance.random() > share / 4
            }
            others = [member for member in shape.members if member not in value]
            if others and chance.random() < share * 2:
                member = chance.choice(others)
                kept[member] = self.value(shape.members[member], member, 2)
            return kept
        if isinstance(shape, ListShape) and isinstance(value, list):
            items = [self.varied(shape.member, inner, name, share) for inner in value]
            return items * chance.choice((0, 2, 30)) if chance.random() < share / 2 else items
        if isinstance(shape, MapShape) and isinstance(value, Mapping):
            return {key: self.varied(shape.value, inner, str(key), share) for key, inner in value.items()}
        return value

    def value(self, shape: Shape, name: str, depth: int) -> Any:
        if getattr(shape, "is_document_type", False):
            return edge_value(self._chance)
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth)
        if isinstance(shape, ListShape):
            return [self.value(shape.member, name, depth + 1) for _ in range(self._count(shape, depth))]
        if isinstance(shape, MapShape):
            count = self._count(shape, depth)
            return {
                self.value(shape.key, "key", depth + 1): self.value(shape.value, name, depth + 1) for _ in range(count)
            }
        return self._scalar(shape, name)

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Any]:
        chance = self._chance
        if getattr(shape, "is_tagged_union", False) and shape.members and chance.random() > self._wild:
            name = chance.choice(list(shape.members))
            return {name: self.value(shape.members[name], name, depth + 1)}
        most = 0.0 if depth >= DEEPEST else chance.choice((0.05, 0.3, 0.8)) / depth
        return {
            name: self.value(member, name, depth + 1)
            for name, member in shape.members.items()
            if (name in shape.required_members and (depth < 2 * DEEPEST) and chance.random() > self._wild / 5)
            or chance.random() < most
        }

    def _count(self, shape: Shape, depth: int) -> int:
        least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 1000))
        if depth >= DEEPEST:
            return min(least, 1)
        if self._chance.random() < self._wild / 2:
            return self._chance.choice((0, least - 1 if least else 0, min(most + 1, 60)))
        return min(max(least, self._chance.choice((0, 1, 1, 1, 2, 3))), most)

    # ------------------------------------------------------------------ scalars
    def _scalar(self, shape: Shape, name: str) -> Any:
        chance, kind = self._chance, shape.type_name
        if isinstance(shape, StringShape) or kind in ("string", "char"):
            return self._text(shape, name)
        if kind in ("integer", "long"):
            return self._whole(shape)
        if kind in ("float", "double"):
            return chance.choice(FRACTIONS) if chance.random() < 0.5 else chance.uniform(-2, 200)
        if kind == "boolean":
            return chance.random() < 0.5
        if kind == "timestamp":
            return chance.choice(MOMENTS)
        return self._blob(name)

    def _whole(self, shape: Shape) -> int:
        chance = self._chance
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if chance.random() < self._wild:
            return chance.choice(
                (*WHOLE, *(int(edge) + step for edge in (least, most) if edge is not None for step in (-1, 1)))
            )
        low = int(least if least is not None else 0)
        high = int(most if most is not None else low + 100)
        return chance.choice((low, min(low + 1, high), high, chance.randint(low, high), min(max(60, low), high)))

    def _blob(self, name: str) -> bytes:
        chance = self._chance
        if chance.random() < 0.5 and (known := self._document(name)) is not None:
            return known.encode("utf-8", "surrogatepass")
        return chance.choice(
            (b"", b"x", b"{}", b"\0\xff\xfe", b"null", b'{"a": 1}', b"a,b\n1,2\n", archive_bytes(chance))
        )

    def _document(self, name: str) -> str | None:
        make = DOCUMENTS.get(_stem(name))
        return make(self._chance) if make is not None else None

    def _text(self, shape: Shape, name: str) -> str:
        chance = self._chance
        enum = getattr(shape, "enum", ())
        if enum and chance.random() > self._wild:
            return str(chance.choice(enum))
        if chance.random() < 0.7 and (document := self._document(name)) is not None:
            return document
        like = self._known.like(name)
        where = chance.random()
        if like and where < 0.6:
            known = str(chance.choice(like))
            return havoc(known, chance, (known,)) if chance.random() < self._wild else known
        if where < 0.6 + self._wild:
            return self._edge(shape)
        return next(
            (text for text in self._plain(shape) if _fits(shape, text)), "x" * int(shape.metadata.get("min", 1))
        )

    def _edge(self, shape: Shape) -> str:
        least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 300))
        return self._chance.choice(
            (
                edge_text(self._chance),
                "x" * least,
                "x" * min(most, 3000),
                "é" * min(most, 3000),
                "x" * min(most + 1, 3000),
            )
        )

    def _plain(self, shape: Shape) -> Iterator[str]:
        least = int(shape.metadata.get("min", 1))
        yield from self._chance.sample(PLAIN, 4)
        yield from (one * -(-least // len(one)) for one in ("x", "0", "ab"))


def _fits(shape: Shape, text: str) -> bool:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 10**6)
    if not least <= len(text) <= most:
        return False
    try:
        return re.fullmatch(str(shape.metadata.get("pattern", ".*")), text, re.DOTALL) is not None
    except re.error:
        return True
