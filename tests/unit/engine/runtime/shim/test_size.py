"""The shim and the launcher stay small: each start of a process pays for what they import."""

import subprocess

from mlsystem.engine.runtime.interpreter import SHIM, base_interpreter

SLOW = {"typing", "dataclasses", "subprocess", "pathlib", "logging", "asyncio", "tempfile", "shutil", "mlsystem"}


def test_neither_imports_what_is_slow_nor_anything_of_the_engine() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(SHIM.parent)!r}); import shim.main, shim.landing; print(*sys.modules)"
    )
    command = [str(base_interpreter()), "-I", "-S", "-c", script]
    modules = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "shim.supervisor" in modules
    assert "shim.launcher" in modules
    assert not modules & {*SLOW, "http.client"}, "of Docker only what stands for a container knows"
