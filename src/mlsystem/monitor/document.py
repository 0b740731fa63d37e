"""A parsed JSON document that knows, of each value, where it stands: so that an error can name the place."""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import NoReturn


class DocumentError(ValueError):
    """A document lacks something or holds the wrong kind of thing; the text names the place and what was expected."""


class Node:
    """A value of a JSON document and its path."""

    def __init__(self, value: object, path: str = "$") -> None:
        self.value = value
        self.path = path

    def __getitem__(self, key: str) -> "Node":
        """The member of that name, which must exist."""
        node = self.get(key)
        return self.fail(f"has no member {key!r}") if node is None else node

    def get(self, key: str) -> "Node | None":
        """The member of that name, or None where it is absent or null."""
        if not isinstance(self.value, dict):
            self.fail("is not an object")
        member = self.value.get(key)
        return None if member is None else Node(member, f"{self.path}.{key}")

    def items(self) -> Iterator["Node"]:
        """The items of an array."""
        if not isinstance(self.value, list):
            self.fail("is not an array")
        return (Node(item, f"{self.path}[{index}]") for index, item in enumerate(self.value))

    def text(self) -> str:
        """The value as a string."""
        return self.value if isinstance(self.value, str) else self.fail("is not a string")

    def number(self) -> float:
        """The value as a finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.fail("is not a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        return number if math.isfinite(number) else self.fail("is not a finite number")

    def count(self) -> int:
        """The value as a number of things."""
        number = self.number()
        return int(number) if number >= 0 else self.fail("is less than 0")

    def numbers(self) -> Sequence[float]:
        """The items of an array of numbers, of which there may be very many."""
        if isinstance(self.value, array):
            return self.value if all(map(math.isfinite, self.value)) else self.fail("holds what is not a finite number")
        return [item.number() for item in self.items()]

    def whole_number(self) -> int:
        """The value as a number without a fraction."""
        number = self.number()
        return int(number) if number.is_integer() else self.fail("is not a whole number")

    def one_of(self, *allowed: str) -> str:
        """The value as one of the allowed strings."""
        return self.text() if self.value in allowed else self.fail(f"is {self.value!r}; allowed: {', '.join(allowed)}")

    def fail(self, problem: str) -> NoReturn:
        """Raises a DocumentError that names this place."""
        raise DocumentError(f"{self.path} {problem}")
