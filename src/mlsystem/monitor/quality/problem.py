"""What a model is asked for, and where its answer and the truth stand in a row."""

import enum
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DEFAULT_THRESHOLD = 0.5

# A row of cells (its columns have positions), or with names.
Cells = Sequence[str | None] | Mapping[str, str | None]

_PREFIX = re.compile(r"^\$\.?")
_INDEX = re.compile(r"\[(\d+|\*)\]")
# Bodies of several rows are taken apart before, so that what holds the rows is no part of a row.
_ROW = re.compile(r"^(?:predictions|instances)\.(?:\d+|\*)\.")
_POSITION = re.compile(r"^(?:_c)?(\d+)$")


class ProblemType(enum.Enum):
    """The values of `problem_type`."""

    REGRESSION = "Regression"
    BINARY = "BinaryClassification"
    MULTICLASS = "MulticlassClassification"

    @property
    def key(self) -> str:
        """What the members of the files begin with: `regression` of `regression_metrics`."""
        return re.sub(r"(?<!^)([A-Z])", r"_\1", self.value).lower()


@dataclass(frozen=True)
class Problem:
    """Attributes are names, positions (`0`, `_c0`), or paths (`$.prediction`, `$.predictions[0].score`)."""

    type: ProblemType
    inference: str | None = None  # of the answer: a number, or the name of a class
    probability: str | None = None  # of the positive class (binary)
    threshold: float = DEFAULT_THRESHOLD  # from here on a probability means the positive class
    ground_truth: str | None = None  # None: the only cell that a row of ground truth has
    positive_label: str | None = None  # None: 1 of 0 and 1, true of true and false

    def fault(self) -> str | None:
        """What makes no sense in it, as the end of a sentence that begins with the problem's type."""
        if not math.isfinite(self.threshold):
            return f"has the probability threshold {self.threshold}, which is no number"
        if self.type is ProblemType.BINARY and not (self.inference or self.probability):
            return "needs an inference_attribute or a probability_attribute"
        if self.type is not ProblemType.BINARY and not self.inference:
            return "needs an inference_attribute"
        return None


def pick(row: Cells, attribute: str) -> str | None:
    """The cell that an attribute means; None where it is missing. Raises ValueError where the row has no such column."""
    name = _ROW.sub("", _INDEX.sub(r".\1", _PREFIX.sub("", attribute)).lstrip("."))
    if isinstance(row, Mapping):
        if name not in row:
            raise ValueError(f"there is no {attribute!r} among {', '.join(list(row)[:10]) or 'no columns'}")
        return row[name]
    position = _POSITION.match(name)
    if position is None or int(position[1]) >= len(row):
        raise ValueError(f"there is no {attribute!r} in a row of {len(row)} cells without names")
    return row[int(position[1])]
