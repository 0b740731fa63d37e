"""Records: the typed rows of every room.

A job, an endpoint, an execution or a stack is one frozen record with a key and a state. Changing it means writing a new value of
it, inside a transaction.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records. `kind` is unique in the engine, by convention `<service>.<thing>` ("sagemaker.endpoint").

    `key` is unique within the kind; `parent` is what one lists by (the pipeline of an execution); `state` is AWS's status word.
    `created_at` and `updated_at` (seconds since the epoch) are kept by the transaction.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]

    key: str
    state: str = ""
    parent: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0

    def changed(self, **values: Any) -> Self:
        """A copy with other values, which are validated; the rest is shared, as nobody changes a record."""
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_validate({**kept, **values})
