"""The image's definition, and the scripts that build and push it (with stand-ins for docker and the AWS CLI)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import uv

from tests.unit.client.images.workshop import BASE, Workshop
from tests.unit.project.container.program import CODE, CONTAINER

REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mls/model"
LAMBDA_REPOSITORY = f"{REPOSITORY}-lambda"
DOCKER = """#!/bin/sh
case "$1" in version) exit "$DOCKER" ;; esac
echo "docker $*" >> "$RECORD"
case "$1" in login) cat > /dev/null ;; esac
"""
AWS = """#!/bin/sh
echo "aws $*" >> "$RECORD"
case "$*" in
*get-login-password*) echo secret ;;
*describe-images*)
    for image in $PUSHED; do
        repository=${image%:*} tag=${image##*:}
        case "$*" in *"--repository-name $repository --image-ids imageTag=$tag"*) exit 0 ;; esac
    done
    echo "An error occurred ($ERROR) when calling the DescribeImages operation" >&2
    exit 254 ;;
esac
"""
MLSYSTEM = """#!/bin/sh
echo "mlsystem $*" >> "$RECORD"
"""


class Scripts:
    """The container folder's scripts in a copy of the folder, with tools that only write down what they are asked."""

    def __init__(self, folder: Path) -> None:
        self.container = folder / "container"
        shutil.copytree(CONTAINER, self.container, ignore=shutil.ignore_patterns("__pycache__"))
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name, text in (("docker", DOCKER), ("aws", AWS)):
            (self.tools / name).write_text(text)
            (self.tools / name).chmod(0o755)
        self.record = folder / "record"

    def add_mlsystem(self) -> None:
        (self.tools / "mlsystem").write_text(MLSYSTEM)
        (self.tools / "mlsystem").chmod(0o755)

    def run(
        self,
        *command: str,
        pushed: str = "",
        error: str = "ImageNotFoundException",
        has_docker: bool = True,
        mlflow: str = "",
    ) -> subprocess.CompletedProcess[str]:
        self.record.write_text("")
        variables = {
            "PATH": f"{self.tools}:/usr/bin:/bin",
            "DOCKER": "0" if has_docker else "1",
            "RECORD": str(self.record),
            "PUSHED": pushed,
            "ERROR": error,
            "MLFLOW_TRACKING_URI": mlflow,
        }
        return subprocess.run(
            [self.container / command[0], *command[1:]], env=variables, capture_output=True, text=True, check=False
        )

    def build(self, **options: Any) -> list[str]:
        done = self.run("build_image.sh", "--both", REPOSITORY, LAMBDA_REPOSITORY, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def tag(self) -> str:
        return self.build()[0].rpartition(":")[2]

    def asked(self, tool: str) -> list[str]:
        return [line for line in self.record.read_text().splitlines() if line.startswith(tool)]


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def test_building_prints_two_images_with_the_tag_of_the_content(scripts: Scripts) -> None:
    image, lambda_image = scripts.build()
    assert re.fullmatch(rf"{REPOSITORY}:[0-9a-f]{{16}}", image)
    assert lambda_image == f"{LAMBDA_REPOSITORY}:{image.rpartition(':')[2]}"
    first, second = scripts.asked("docker build")
    assert f"--tag {image} --file {scripts.container}/Dockerfile " in first
    assert f"--tag {lambda_image} --build-arg BASE_IMAGE={image} " in second


def test_the_images_of_a_pipeline_with_an_mlflow_are_others_and_have_its_client(scripts: Scripts) -> None:
    plain = scripts.tag()
    image, _ = scripts.build(mlflow="http://127.0.0.1:4580/_mlflow")
    assert image == f"{REPOSITORY}:{plain}-mlflow"
    first, second = scripts.asked("docker build")
    assert "--build-arg REQUIREMENTS=requirements-mlflow.txt" in first
    assert "REQUIREMENTS" not in second


def test_the_names_of_images_are_told_without_asking_or_building_anything(scripts: Scripts) -> None:
    built = scripts.build()
    done = scripts.run("build_image.sh", "--both", "--name", REPOSITORY, LAMBDA_REPOSITORY)
    assert done.stdout.split() == built
    assert scripts.record.read_text() == ""


def test_the_tag_changes_with_the_content_and_with_nothing_else(scripts: Scripts, tmp_path: Path) -> None:
    first = scripts.build()
    (scripts.container / "code" / "__pycache__").mkdir()
    (scripts.container / "code" / "__pycache__" / "x.pyc").write_bytes(b"x")
    os.utime(scripts.container / "Dockerfile", (0, 0))
    assert scripts.build() == first
    (scripts.container / "code" / "predictor.py").write_text("# changed\n")
    assert scripts.build() != first


def test_what_the_registry_has_is_not_built_again(scripts: Scripts) -> None:
    tag = scripts.tag()
    images = scripts.build(pushed=f"mls/model:{tag} mls/model-lambda:{tag}")
    assert images == [f"{REPOSITORY}:{tag}", f"{LAMBDA_REPOSITORY}:{tag}"]
    assert scripts.asked("docker") == []
    assert scripts.build(pushed=f"mls/model:{tag} mls/model-lambda:{tag}", has_docker=False) == images


def test_a_missing_second_image_is_built_upon_the_one_that_is_there(scripts: Scripts) -> None:
    image, lambda_image = scripts.build(pushed=f"mls/model:{scripts.tag()}")
    assert [line.split()[1] for line in scripts.asked("docker")] == ["login", "pull", "build"]
    assert f"docker pull {image}" in scripts.asked("docker")
    assert f"--tag {lambda_image} --build-arg BASE_IMAGE={image} " in scripts.asked("docker")[-1]


def test_pushing_logs_in_to_the_images_registry_and_leaves_alone_what_is_there(scripts: Scripts) -> None:
    done = scripts.run("push_image.sh", f"{REPOSITORY}:a", f"{LAMBDA_REPOSITORY}:b", pushed="mls/model-lambda:b")
    assert done.returncode == 0
    assert done.stdout == ""
    assert scripts.asked("docker") == [
        "docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        f"docker push {REPOSITORY}:a",
    ]
    assert all("--region eu-west-1" in line for line in scripts.asked("aws"))


def test_one_login_is_enough_for_all_images_of_a_registry(scripts: Scripts) -> None:
    scripts.run(
        "push_image.sh", f"{REPOSITORY}:a", f"{LAMBDA_REPOSITORY}:b", "210987654321.dkr.ecr.eu-west-1.amazonaws.com/c:c"
    )
    logins = [line.rpartition(" ")[2].partition(".")[0] for line in scripts.asked("docker login")]
    assert logins == ["123456789012", "210987654321"]
    assert len(scripts.asked("docker push")) == 3


def test_a_registry_that_cannot_be_asked_stops_both_scripts(scripts: Scripts) -> None:
    for command in (["build_image.sh", "--both", REPOSITORY, LAMBDA_REPOSITORY], ["push_image.sh", f"{REPOSITORY}:a"]):
        done = scripts.run(*command, error="RepositoryNotFoundException")
        assert done.returncode == 3
        assert "RepositoryNotFoundException" in done.stderr
        assert scripts.asked("docker") == []


IMAGE = "models/churn:1"


@pytest.mark.parametrize("has_docker", [True, False])
def test_one_image_is_built_out_of_its_dockerfiles_folder(scripts: Scripts, tmp_path: Path, has_docker: bool) -> None:
    folder = tmp_path / "other image"
    folder.mkdir()
    (folder / "Dockerfile.gpu").write_text("FROM python:3.13-slim\n")
    scripts.add_mlsystem()
    arguments = ("--build-arg", "A=1 2", "--build-arg", "B=")
    done = scripts.run("build_image.sh", IMAGE, f"{folder}/Dockerfile.gpu", *arguments, has_docker=has_docker)
    assert (done.returncode, done.stdout) == (0, f"{IMAGE}\n"), done.stderr
    assert scripts.record.read_text().splitlines() == [
        f"docker build --platform linux/amd64 --tag {IMAGE} --build-arg A=1 2 --build-arg B= "
        f"--file {folder}/Dockerfile.gpu {folder}"
        if has_docker
        else f"mlsystem image build {IMAGE} {folder} --file {folder}/Dockerfile.gpu --build-arg A=1 2 --build-arg B="
    ]


def test_the_base_image_is_the_pinned_one_where_one_is_pinned(scripts: Scripts) -> None:
    dockerfile = str(scripts.container / "Dockerfile")
    scripts.run("build_image.sh", IMAGE, dockerfile)
    assert "PYTHON_IMAGE" not in scripts.asked("docker build")[0]
    pinned = f"python:3.13-slim@sha256:{'0' * 64}"
    (scripts.container / "base_image.txt").write_text(f"{pinned}\n")
    scripts.run("build_image.sh", IMAGE, dockerfile)
    assert f" --build-arg PYTHON_IMAGE={pinned} " in scripts.asked("docker build")[0]
    scripts.run("build_image.sh", IMAGE, dockerfile, "--build-arg", "PYTHON_IMAGE=mine:1")
    assert pinned not in scripts.asked("docker build")[0]
    scripts.build()
    first, second = scripts.asked("docker build")
    assert (pinned in first, pinned in second) == (True, False)


def test_without_docker_mlsystem_builds_and_pushes_both(scripts: Scripts) -> None:
    scripts.add_mlsystem()
    images = scripts.build(has_docker=False)
    assert [line.split()[:4] for line in scripts.asked("mlsystem")] == [
        ["mlsystem", "image", "build", image] for image in images
    ]
    scripts.build(has_docker=False, pushed=f"mls/model:{scripts.tag()}")
    assert len(scripts.asked("mlsystem")) == 2, "the second is built upon the first, which may not be on this machine"
    done = scripts.run("push_image.sh", *images, has_docker=False)
    assert done.returncode == 0
    assert scripts.record.read_text().splitlines() == [f"mlsystem image push {image}" for image in images]


def test_the_mlsystem_that_is_installed_understands_what_the_script_asks_of_it(
    scripts: Scripts, tmp_path: Path
) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("it", "content")
    (workshop.context / "Dockerfile.own").write_text("ARG MINE\nFROM ${MINE}\nCOPY it /it\nRUN mkdir /made\n")
    program = Path(sysconfig.get_path("scripts")) / "mlsystem"
    (scripts.tools / "mlsystem").write_text(
        f'#!/bin/sh\nexport HOME="{tmp_path}" MLSYSTEM_IMAGES="{tmp_path}/layout"\nexec "{program}" "$@"\n'
    )
    (scripts.tools / "buildah").write_text("#!/bin/sh\nexit 1\n")
    for name in ("mlsystem", "buildah"):
        (scripts.tools / name).chmod(0o755)
    arguments = (f"{workshop.context}/Dockerfile.own", "--build-arg", f"MINE={BASE}")
    done = scripts.run("build_image.sh", IMAGE, *arguments, has_docker=False)
    assert (done.returncode, done.stdout) == (0, f"{IMAGE}\n"), done.stderr
    assert workshop.layout.find(IMAGE) is not None


def test_with_neither_the_scripts_say_what_is_missing(scripts: Scripts) -> None:
    dockerfile = str(scripts.container / "Dockerfile")
    for command in (["build_image.sh", IMAGE, dockerfile], ["push_image.sh", IMAGE]):
        done = scripts.run(*command, has_docker=False)
        assert done.returncode == 1
        assert done.stderr == (
            f"{command[0]}: docker does not answer, and there is no mlsystem: start the one or install the other\n"
        )


def test_the_commands_of_the_documentation_build_and_push(scripts: Scripts) -> None:
    text = (CONTAINER.parents[1] / "docs" / "faq.md").read_text()
    commands = re.findall(r"^container/(.*)$", text, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["build_image.sh", "push_image.sh"]
    for command in commands:
        done = scripts.run(*command.replace("container/", f"{scripts.container}/").split())
        assert done.returncode == 0, done.stderr
        assert scripts.asked(f"docker {command.split('_')[0]}")


def test_a_dockerfile_that_is_not_there_is_named(scripts: Scripts) -> None:
    done = scripts.run("build_image.sh", IMAGE, "Dockerfile.x")
    assert (done.returncode, done.stderr) == (1, "build_image.sh: Dockerfile.x: there is no such file\n")


@pytest.mark.parametrize(
    "command",
    [
        "build_image.sh",
        "build_image.sh --help",
        f"build_image.sh {IMAGE}",
        f"build_image.sh {IMAGE} Dockerfile --build-arg",
        f"build_image.sh {IMAGE} Dockerfile --build-arg name",
        f"build_image.sh {IMAGE} Dockerfile --no-cache x=1",
        f"build_image.sh --both {REPOSITORY}",
        f"build_image.sh --both {REPOSITORY} --name",
        "push_image.sh",
        "push_image.sh --help",
        "push_image.sh --is-pushed",
    ],
)
def test_wrong_arguments_get_the_usage(scripts: Scripts, command: str) -> None:
    done = scripts.run(*command.split())
    script = command.split()[0]
    assert (done.returncode, done.stdout) == (2, "")
    assert f"  {script} IMAGE" in done.stderr
    assert not done.stderr.startswith("#")
    assert "set -" not in done.stderr
    assert scripts.asked("docker") == []


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.lambda.ecr"])
def test_only_instructions_are_used_that_the_local_engine_interprets(name: str) -> None:
    text = (CONTAINER / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    known = ("FROM", "ARG", "COPY", "ENV", "WORKDIR", "RUN", "LABEL", "ENTRYPOINT", "CMD")
    assert {line.split()[0] for line in lines} <= set(known)
    steps = [step.strip() for line in lines if line.startswith("RUN") for step in line.removeprefix("RUN").split("&&")]
    assert all(
        re.match(r"(pip install|chmod|mkdir|useradd|apt-get (update|install|distclean))\b", step) for step in steps
    ), steps


def test_what_is_copied_and_run_exists() -> None:
    for name in ("train", "serve"):
        assert os.access(CODE / name, os.X_OK)
        assert (CODE / name).read_text().startswith("#!/usr/bin/env python3\n")
    text = (CONTAINER / "Dockerfile").read_text()
    assert all((CONTAINER / source).exists() for source in re.findall(r"^COPY (\S+)", text, re.MULTILINE))


def test_what_is_installed_is_locked_with_hashes(tmp_path: Path) -> None:
    """The command that the file names makes the same lock again."""
    for path in CODE.glob("requirements*"):
        shutil.copy(path, tmp_path)
    for path in CODE.glob("requirements*.in"):
        lock = path.with_suffix(".txt").name
        command = re.findall(r"^# +uv (pip compile .*)$", path.read_text(), re.MULTILINE)[0].split()
        done = subprocess.run(
            [uv.find_uv_bin(), *command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / lock).read_text() == (CODE / lock).read_text()
        assert "--hash=sha256:" in (CODE / lock).read_text()
        assert "://" not in (CODE / lock).read_text(), "it names no host"
        users = [(CONTAINER / name).read_text() for name in ("Dockerfile", "Dockerfile.lambda.ecr", "build_image.sh")]
        ways = ("--require-hashes -r /opt/program/", "ARG REQUIREMENTS=", "--build-arg REQUIREMENTS=")
        assert any(f"{way}{lock}" in text for way in ways for text in users), lock


def test_what_the_development_lock_holds_too_has_the_same_version() -> None:
    """So that what is tested in one process is what the image runs."""
    lock = (CONTAINER.parents[1] / "requirements" / "dev.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+==[^ ;]+)", lock, re.MULTILINE))
    names = {pin.partition("==")[0] for pin in locked}
    ours = {
        line.split()[0]
        for path in CODE.glob("requirements*.txt")
        for line in path.read_text().splitlines()
        if "==" in line
    }
    shared = {pin for pin in ours if pin.partition("==")[0] in names and not pin.startswith("#")}
    assert shared
    assert shared <= locked
