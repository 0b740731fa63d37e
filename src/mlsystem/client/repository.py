"""A clone of the project's repository, with Git set up so that it may fetch and push with the keys of AWS.

https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

from botocore.exceptions import ClientError

from mlsystem.client.connection import CA_FILE, Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project


def clone(connection: Connection, project: Project, folder: Path) -> str:
    """Clone into `folder`; the repository's URL. Raises NotFound where nothing is deployed, ClientFailure with Git's own words."""
    url = _url(connection, project)
    settings = [f"credential.helper={_helper(connection)}", "credential.useHttpPath=true", *_trust(connection)]
    options = [word for setting in settings for word in ("--config", setting)]
    command = ["git", "clone", "--quiet", *options, "--", url, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=git_environment(connection))
    except OSError as error:
        raise ClientFailure(f"git cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise ClientFailure(f"{url} cannot be cloned: {done.stderr.strip()}")
    return url


def _url(connection: Connection, project: Project) -> str:
    try:
        found = connection.client("codecommit").get_repository(repositoryName=project.pipeline)
    except ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryDoesNotExistException":
            raise NotFound(f"there is no repository {project.pipeline}: `mlsystem deploy` makes it") from error
        raise
    return str(found["repositoryMetadata"]["cloneUrlHttp"])


def _trust(connection: Connection) -> list[str]:
    """For the engine's own URLs alone: the repository may get other remotes. Also of plain HTTP, which an engine with TLS leads on from."""
    engine = connection.engine
    if engine is None:
        return []
    where = engine.url.partition(":")[2]
    return [f"http.{scheme}:{where}/.sslCAInfo={connection.home / CA_FILE}" for scheme in ("http", "https")]


def git_environment(connection: Connection) -> dict[str, str]:
    """With which Git trusts whom the clone is set up to trust: a variable would win over that."""
    unwanted = connection.engine.unwanted(os.environ) if connection.engine is not None else []
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def _helper(connection: Connection) -> str:
    """AWS's own, which this program brings along; at the engine with the engine's keys, from any shell."""
    aws, own = (shlex.quote(str(Path(sysconfig.get_path("scripts")) / name)) for name in ("aws", "mlsystem"))
    if connection.engine is None:
        return f"!{aws} codecommit credential-helper $@"
    home = shlex.quote(str(connection.home))
    get = f"{aws} codecommit credential-helper get --ignore-host-check"
    return f'!f() {{ test "$1" != get || {{ eval "$({own} --home {home} env)"; {get}; }}; }}; f'
