"""The programs of a control plane, built from their Go modules into one binary, and their processes.

python -m tests.cluster.programs      # build what the tests need
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LONGEST_WAIT = 900  # s
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Release:
    """A Kubernetes version to build; `source` holds the go.mod that pins it."""

    source: Path

    @cached_property
    def version(self) -> str:
        (found,) = re.findall(r"^\tk8s\.io/kubernetes (v\S+)$", (self.source / "go.mod").read_text(), re.M)
        return str(found)

    @property
    def program(self) -> Path:
        return ROOT / ".cache" / f"kubebox-{self.version}" / "kubebox"


NEWEST = Release(Path(__file__).parent / "kubebox")
OLDEST = Release(Path(__file__).parent / "kubebox-oldest")
"""What the manifests promise to run on: its API server, controllers, scheduler and kubectl."""


def build(release: Release = NEWEST) -> Path:
    """The program, built once a version: some ten minutes on a new machine."""
    program = release.program
    if not program.exists():
        if shutil.which("go") is None:
            sys.exit("the tests build Kubernetes' programs from their Go modules: put Go on PATH")
        print(f"building Kubernetes {release.version} (ten minutes, once)", file=sys.stderr)
        program.parent.mkdir(parents=True, exist_ok=True)
        # Under another name until it is whole: an interrupted build must not look like a program.
        unfinished = program.with_name("unfinished")
        command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", _linker_flags(release.version)]
        subprocess.run(
            [*command, "-o", str(unfinished), "."],
            cwd=release.source,
            env={**os.environ, "CGO_ENABLED": "0"},
            check=True,
        )
        unfinished.rename(program)
    return program


def _linker_flags(version: str) -> str:
    major, minor = version.removeprefix("v").split(".")[:2]
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    flags = ["-s", "-w"]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        flags += [f"-X {package}.{name}={value}" for name, value in stamps.items()]
    return " ".join(flags)


@dataclass(frozen=True)
class Kubectl:
    """kubectl for one cluster."""

    command: tuple[str, ...]

    def __call__(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Raises TimeoutExpired where kubectl would wait for ever, as it does for what is never deleted."""
        command = [*self.command, *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, timeout=_LONGEST_WAIT
        )

    def succeeds(self, *arguments: str) -> bool:
        return self(*arguments).returncode == 0


class Processes:
    """Programs that run side by side, each with its log in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, program: Path, name: str, *arguments: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                [program, name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
                process_group=0,  # Ctrl-C is for the tests, which still need these to clean up
            )

    def wait(self, name: str, ready: Callable[[], bool], seconds: float = 120) -> None:
        """Raises RuntimeError with a log's end when the program dies, or is not ready in time."""
        end = time.monotonic() + seconds
        while not ready():
            dead = self._running[name].poll() is not None
            if dead or time.monotonic() > end:
                log = (self._folder / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} {'died' if dead else 'is not ready'}:\n{log[-2000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop everything, what depends on others first."""
        for process in reversed(self._running.values()):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def _end_with_parent() -> None:
    """A test run that is killed must not leave a cluster behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    # Before the tests, whose runner would keep the news from whoever waits.
    for needed in (NEWEST,) if os.environ.get("KUBECONFIG") else (NEWEST, OLDEST):
        build(needed)
