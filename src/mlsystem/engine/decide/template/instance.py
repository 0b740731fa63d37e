"""A resource that exists: what CloudFormation remembers of it, and whether a change of it needs a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel, ConfigDict
from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.policy import DELETE


class Instance(BaseModel):
    """One physical resource, with the properties it was last given (dynamic references still unresolved in them).

    `uses` are the physical resources that it was made to depend on, as pairs of logical and physical id; `may_use` those
    that a failed update of it named. `shown`: the properties with what is hidden in them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    physical_id: str
    properties: dict[str, Json] = {}
    shown: dict[str, Json] | None = None
    attributes: dict[str, Json] = {}
    # What `Ref` gives, for the few types where it is not the physical id.
    reference: Json = None
    metadata: dict[str, Json] = {}
    update_policy: dict[str, Json] = {}
    depends_on: tuple[str, ...] = ()
    uses: tuple[tuple[str, str], ...] = ()
    may_use: tuple[tuple[str, str], ...] = ()
    deletion_policy: str = DELETE
    update_replace_policy: str = DELETE
    # An update of it failed half-way: nobody knows which properties it has.
    is_dirty: bool = False
    # The properties that the failed update wanted: it may have them.
    tried: dict[str, Json] | None = None
    # Its attributes are nobody's business but of those that use them.
    is_hidden: bool = False

    @property
    def ref(self) -> Json:
        return self.physical_id if self.reference is None else self.reference

    @property
    def told(self) -> dict[str, Json]:
        """The properties as events tell them."""
        return self.properties if self.shown is None else self.shown


class Kinds(Protocol):
    """What must be known of the resource types."""

    def requires_replacement(self, resource_type: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
        """True if a resource with the properties `old` cannot be changed into one with `new`."""


def changed_properties(old: Mapping[str, Json], new: Mapping[str, Json]) -> tuple[str, ...]:
    """Names of the top-level properties that differ, new ones first."""
    names = dict.fromkeys((*new, *old))
    return tuple(name for name in names if name not in old or name not in new or old[name] != new[name])
