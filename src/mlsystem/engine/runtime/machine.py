"""What this machine shuts a program into, found out by trying.

Containers, hardened kernels and distributions each refuse something else, and say so only when asked to do it. So each
kind of sandbox is tried, best first, and the first that starts a program is used.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mlsystem import bubblewrap
from mlsystem.engine.runtime import cgroup
from mlsystem.engine.runtime.cgroup import Cgroups

_PROBE_SECONDS = 20.0
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_INNER_ID = "1000"


Kind = Literal["sandbox", "docker", "plain"]


@dataclass(frozen=True, slots=True)
class Docker:
    """A Docker engine that has started a program here, and may again.

    `user` is whom its containers need to be so that the engine's files are theirs. Without `is_overlaid` no folder is laid over
    another: what an image has is shown entry by entry, and is read-only.
    """

    socket: Path
    version: str
    user: str
    keeps_memory: bool
    is_overlaid: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """What programs get: a sandbox where there is `bwrap`, else a container where there is `docker`, else nothing.

    Without either a program runs on the bare machine: nothing is mounted, hidden or isolated. Without `own_network`
    all programs share the machine's ports, and of two servers with the same fixed one the second is refused.
    """

    bwrap: Path | None
    own_user: bool = False
    own_network: bool = False
    own_proc: bool = False
    cgroups: Cgroups | None = None
    refusal: str = ""  # what the best kind that was not granted had to say
    docker: Docker | None = None

    @property
    def kind(self) -> Kind:
        if self.bwrap is not None:
            return "sandbox"
        return "plain" if self.docker is None else "docker"

    @property
    def programs(self) -> tuple[Path, ...]:
        """Every bwrap of this machine: an older one may lack what a newer one has."""
        return tuple(dict.fromkeys((*filter(None, [self.bwrap]), *_programs())))

    @property
    def isolates(self) -> bool:
        """Whether each program has files, processes and ports of its own. If not, few can run side by side: no system as a whole can."""
        return self.kind != "plain"

    @property
    def shares_no_network(self) -> bool:
        """Whether 127.0.0.1 is each program's own, builds and the engine's own servers aside."""
        return self.own_network if self.kind == "sandbox" else self.kind == "docker"

    @property
    def sentence(self) -> str:
        """For a person: which runtime is used, and what it does not give."""
        match self.kind:
            case "sandbox":
                return self._of_sandbox()
            case "docker":
                return self._of_docker()
            case "plain":
                return self._of_plain()

    def _of_docker(self) -> str:
        assert self.docker is not None
        keeping = "Docker" if self.docker.keeps_memory else "looking four times a second"
        lacking = "" if self.docker.is_overlaid else " Not possible here: programs write into no folder of their image."
        return (
            f"Docker {self.docker.version} at {self.docker.socket}: a container for each program. Memory limits are kept by {keeping}. "
            f"Not isolated: the kernel; the network of builds.{lacking}"
        )

    def _of_plain(self) -> str:
        why = f" ({self.refusal}).{_advice()}" if self.refusal else "."
        return (
            "No sandbox: programs run on the bare machine, as processes of your user. Not isolated: files (what is read-only elsewhere, an "
            "image's own too, can be written), /tmp, /var and home folders, processes, the network, users. Folders such as /opt/ml are "
            "links, so one program at a time has them: the next job waits, and an endpoint has one instance, on the machine's own port. "
            f"Images with a root of their own are refused{why}"
        )

    def _of_sandbox(self) -> str:
        lacking = [
            text
            for granted, text in (
                (self.own_network, "programs share the machine's network, so one server at a time has a fixed port"),
                (self.own_proc, "programs see the machine's /proc"),
            )
            if not granted
        ]
        sandbox = f"Sandbox: {self.bwrap}, {'user namespaces' if self.own_user else 'as root, no user namespaces'}"
        keeping = "the kernel (control groups)" if self.cgroups else "looking four times a second"
        return f"{sandbox}. Memory limits are kept by {keeping}. Not isolated: the kernel; the network of builds." + (
            f" Not possible here: {'; '.join(lacking)} ({self.refusal})." if lacking else ""
        )

    def namespaces(self) -> tuple[str, ...]:
        """bwrap's options for all but the network."""
        options = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"]
        if self.own_user:
            options.append("--unshare-user")
            # A root that cannot become anybody else (one id is mapped) breaks programs which then try, such as Nginx.
            options += ["--uid", _INNER_ID, "--gid", _INNER_ID] if os.geteuid() == 0 else []
        else:
            options += bubblewrap.few_capabilities()
        options += [*bubblewrap.own_proc()] if self.own_proc else ["--ro-bind", "/proc", "/proc"]
        return tuple(options)


def probe() -> Machine:
    """The best that this machine grants; takes some 10 ms where the first try succeeds."""
    refusals: list[str] = []
    cgroups = cgroup.probe()
    for machine in granted(refusals):
        return replace(machine, cgroups=cgroups, refusal=next(iter(refusals), ""))
    return Machine(None, cgroups=cgroups, refusal=next(iter(refusals), "there is no bwrap program"))


def granted(refusals: list[str] | None = None) -> Iterator[Machine]:
    """Each kind of sandbox that starts a program here, best first; why the others did not goes to `refusals`."""
    for machine in _candidates():
        problem = _refusal(machine)
        if problem is None:
            yield machine
        elif refusals is not None:
            refusals.append(problem)


def _candidates() -> Iterator[Machine]:
    programs = list(_programs())
    users = (True, False) if os.geteuid() == 0 else (True,)
    for own_network, own_proc in ((True, True), (True, False), (False, True), (False, False)):
        for program in programs:
            for own_user in users:
                yield Machine(program, own_user, own_network, own_proc)


def _programs() -> Iterator[Path]:
    yield from filter(None, (bubblewrap.system_program(), bubblewrap.bundled_program()))


def _refusal(machine: Machine) -> str | None:
    network = ["--unshare-net"] if machine.own_network else []
    command = [str(machine.bwrap), "--ro-bind", "/", "/", "--dev", "/dev", *machine.namespaces(), *network, "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip() or f"bwrap exited with {done.returncode}"


def _advice() -> str:
    try:
        is_restricted = _APPARMOR.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return " In a container, allow user namespaces, for example with Docker's --security-opt seccomp=unconfined."
    if not is_restricted:
        return ""
    return " AppArmor restricts user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
