"""Why a template is refused, in CloudFormation's words.

CloudFormation answers with a sentence and no place. Where the place is known, it is added: a person looks for a line, not for a logical id.
"""

from __future__ import annotations

from collections.abc import Callable

from mlsystem.engine.decide.errors import AwsError

Path = tuple[str | int, ...]


class TemplateError(AwsError):
    """A ValidationError about a template; `path` says where in it."""

    def __init__(self, message: str, path: Path = ()):
        super().__init__("ValidationError", message)
        self.path = path

    def located(self, line_of: Callable[[Path], int | None]) -> TemplateError:
        """The same error with the line of its path, if both are known."""
        line = line_of(self.path) if self.path else None
        if line is None:
            return self
        return TemplateError(f"{self.message} (line {line})")


def pointer(path: Path) -> str:
    """`/Resources/Topic/Properties`, as CloudFormation writes a place."""
    return "/" + "/".join(str(part) for part in path)
