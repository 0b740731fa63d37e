"""What type a column of text has.

The three patterns and the way they combine are those of Deequ's data type analyzer, on which Model Monitor was built:
a file that says `inferred_type` means the outcome of exactly these rules. So `.5` and `1.` are strings, and so is NaN.
"""

import enum
from dataclasses import dataclass

# As regular expressions that Python's re and DuckDB's RE2 both read; a value must match as a whole.
FRACTIONAL_PATTERN = r"[-+]? ?[0-9]+(?:\.[0-9]+|(?:\.[0-9]+)?[Ee][-+]?[0-9]+)"
INTEGRAL_PATTERN = r"[-+]? ?[0-9]+"
BOOLEAN_PATTERN = r"true|false"
# The union of the first two. An integral value is a number without any of NON_INTEGRAL_MARKS: one match decides both.
NUMBER_PATTERN = r"[-+]? ?[0-9]+(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?"
NON_INTEGRAL_MARKS = ".eE"


class InferredType(enum.Enum):
    """The type of a feature, by the name that the files give it."""

    FRACTIONAL = "Fractional"
    INTEGRAL = "Integral"
    BOOLEAN = "Boolean"
    STRING = "String"
    UNKNOWN = "Unknown"  # not one value is present

    @property
    def is_numeric(self) -> bool:
        """Whether a feature of this type gets numerical statistics and a sketch."""
        return self in (InferredType.FRACTIONAL, InferredType.INTEGRAL)


@dataclass(frozen=True)
class TypeCounts:
    """How many of a column's present values look like what; missing values are not counted here."""

    fractional: int = 0
    integral: int = 0
    boolean: int = 0
    string: int = 0

    @property
    def present(self) -> int:
        """The number of values that are there."""
        return self.fractional + self.integral + self.boolean + self.string

    def infer(self) -> InferredType:
        """The type of the whole column: any string makes it String, and so do booleans among numbers."""
        if self.present == 0:
            return InferredType.UNKNOWN
        if self.string or (self.boolean and (self.fractional or self.integral)):
            return InferredType.STRING
        if self.boolean:
            return InferredType.BOOLEAN
        return InferredType.FRACTIONAL if self.fractional else InferredType.INTEGRAL

    def match(self, expected: InferredType) -> float:
        """The share of the present values that are of the expected type, 0 to 1.

        A whole number is a valid Fractional. Any text is a valid String as long as the column as a whole is one.
        """
        if self.present == 0 or expected is InferredType.UNKNOWN:
            return 1.0
        if expected is InferredType.STRING:
            return 1.0 if self.infer() is InferredType.STRING else self.string / self.present
        matching = {
            InferredType.FRACTIONAL: self.fractional + self.integral,
            InferredType.INTEGRAL: self.integral,
            InferredType.BOOLEAN: self.boolean,
        }
        return matching[expected] / self.present
