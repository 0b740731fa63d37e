"""Buildspecs that are none are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.engine.services.codebuild.buildspec_program import BuildspecError, read_buildspec


@pytest.mark.parametrize(
    "text",
    [
        "version: 0.2\nenv: [a]\n",
        "version: 0.2\nphases: {build: x}\n",
        "version: 0.2\n1: 2\n",
        "version: 0.2\nenv: " + "[" * 25_000 + "\n",
        "version: 0.2\nenv: " + "1" * 5000 + "\n",
        "version: 0.2\nwhen: 2026-13-45\n",
        "version: 0.2\nwhen: !!timestamp soon\n",
    ],
)
def test_what_is_no_buildspec_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BuildspecError, match="YAML_FILE_ERROR"):
        read_buildspec(text, tmp_path)
