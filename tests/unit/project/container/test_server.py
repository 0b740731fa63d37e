"""What `serve` decides before it starts anything."""

from __future__ import annotations

import importlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.project.container.program import CODE

server: Any = importlib.import_module("server")
SETTINGS = server.Settings("unix:/run/model.sock", workers=3, timeout_seconds=45)


def test_by_default_a_worker_per_core_listens_on_sagemakers_port() -> None:
    assert server.read_settings({}, cores=4) == server.Settings("0.0.0.0:8080", 4, 60)


def test_the_environment_sets_port_workers_and_time_limit() -> None:
    environment = {"SAGEMAKER_BIND_TO_PORT": "9000", "MODEL_SERVER_WORKERS": "2", "MODEL_SERVER_TIMEOUT": "5"}
    assert server.read_settings(environment, cores=4) == server.Settings("0.0.0.0:9000", 2, 5)


@pytest.mark.parametrize("bind", ["unix:/run/model.sock", "127.0.0.1:0", "[::1]:8080", "localhost:8080"])
def test_a_host_may_say_where_to_listen(bind: str) -> None:
    assert server.read_settings({"MODEL_SERVER_BIND": bind}, cores=1).bind == bind


def test_nginx_stands_before_it_unless_the_host_does() -> None:
    assert server.read_settings({}, cores=1).front == "nginx"
    assert server.read_settings({"MODEL_SERVER_FRONT": "host"}, cores=1).front == "host"


@pytest.fixture
def offered() -> Iterator[str]:
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        yield f"{listener.fileno()},{writing}"
    os.close(reading)
    os.close(writing)


def test_the_socket_of_a_host_that_stands_before_it_is_taken(offered: str) -> None:
    environment = {"MODEL_SERVER_LISTENER": offered, "MODEL_SERVER_FRONT": "host"}
    assert server.read_settings(environment, cores=1).listener == offered


@pytest.mark.parametrize(
    "settings",
    [
        {"MODEL_SERVER_FRONT": "nginx"},
        {"MODEL_SERVER_BIND": "127.0.0.1:0"},
        {"MODEL_SERVER_LISTENER": "3"},
        {"MODEL_SERVER_LISTENER": "1048575,1048574"},
        {"MODEL_SERVER_LISTENER": "{swapped}"},
    ],
    ids=["nginx", "told where to listen", "one descriptor", "closed ones", "swapped ones"],
)
def test_otherwise_it_listens_on_its_port(offered: str, settings: dict[str, str]) -> None:
    swapped = ",".join(reversed(offered.split(",")))
    own = {name: text.format(swapped=swapped) for name, text in settings.items()}
    environment = {"MODEL_SERVER_LISTENER": offered, "MODEL_SERVER_FRONT": "host", **own}
    assert server.read_settings(environment, cores=1).listener == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MODEL_SERVER_WORKERS", "0"),
        ("MODEL_SERVER_WORKERS", "two"),
        ("MODEL_SERVER_TIMEOUT", "-1"),
        ("MODEL_SERVER_FRONT", "apache"),
        ("SAGEMAKER_BIND_TO_PORT", "80.5"),
        ("MODEL_SERVER_BIND", "unix:model.sock"),
        ("MODEL_SERVER_BIND", "8080; include /etc/passwd"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(server.SettingsError, match=name):
        server.read_settings({name: text}, cores=1)


def test_the_nginx_configuration_is_filled_in_and_writes_below_its_folder_only() -> None:
    template = (CODE / "nginx.conf").read_text()
    text = server.nginx_configuration(template, SETTINGS, Path("/tmp/serve-x"), "root")
    assert "{{" not in text
    assert "user root;" in text
    assert "worker_processes 3;" in text
    assert "listen unix:/run/model.sock;" in text
    assert "server unix:/tmp/serve-x/gunicorn.sock" in text
    assert "proxy_read_timeout 45s;" in text
    written = re.findall(r"(?:_temp_path|^pid) (\S+);", text, re.MULTILINE)
    assert len(written) == 6
    assert all(path.startswith("/tmp/serve-x/") for path in written)


@pytest.mark.parametrize(("user", "line"), [("model-server group", "user model-server group;"), ("", "")])
def test_nginx_is_told_whose_its_workers_are_or_nothing(user: str, line: str) -> None:
    assert server.nginx_configuration("{{USER}}", SETTINGS, Path("/tmp"), user) == line
