"""Puts studio.yml beside the project that a wheel brings along: folders can be moved by pyproject.toml alone, a single file cannot."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFiles(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable installation reads it from the clone.
        if version == "standard":
            build_data["force_include"]["studio.yml"] = "mlsystem/shipped/studio.yml"
