"""What one host runs, as the engine wrote it down beside the host's socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .document import Document


@dataclass(frozen=True)
class Config:
    """`max_workers` processes at most run invocations side by side; with `is_reserved` what exceeds them is throttled, else it waits."""

    function: str
    version: str
    arn: str
    account: str
    timeout_seconds: float
    memory_mb: int
    max_workers: int
    is_reserved: bool
    has_json_log: bool
    idle_seconds: float
    argv: list[str]
    working_directory: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Keys:
    """The keys of the function's role, as the engine wrote them down."""

    text: str

    @property
    def environment(self) -> dict[str, str]:
        return {str(name): str(value) for name, value in json.loads(self.text).items()}


@dataclass(frozen=True)
class Place:
    """The host's folder, of which the engine has the other side. `generation` tells it from the host that it may replace."""

    folder: Path
    generation: str

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    def read_config(self) -> Config:
        return Config(**json.loads((self.folder / f"config.{self.generation}.json").read_text()))

    def keys(self) -> Document[Keys]:
        return Document(self.folder / "keys.json", Keys)

    def is_kept(self) -> bool:
        """Whether the host must stay although nobody calls."""
        return (self.folder / "keep").exists()
