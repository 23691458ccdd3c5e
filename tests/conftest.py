"""The command as users run it, and Kustomize in the versions that count."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
_SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text()))


@dataclass(frozen=True)
class Run:
    """What one run of `qt-validate` left behind; `peak` is its own resident memory in MiB."""

    code: int
    out: str
    err: str
    peak: float

    @cached_property
    def report(self) -> dict[str, Any]:
        """The JSON report, checked against its schema."""
        document = json.loads(self.out)
        _SCHEMA.validate(document)
        return cast(dict[str, Any], document)

    @property
    def target(self) -> dict[str, Any]:
        """The only target's verdict."""
        (target,) = self.report["targets"]
        return cast(dict[str, Any], target)

    def failed_items(self) -> set[int]:
        return {item["item"] for item in self.target["checklist"] if item["status"] == "fail"}

    def rules_of(self, severity: str | None = None) -> set[str]:
        """The rules with findings."""
        return {f["rule"] for f in self.target["findings"] if severity in (None, f["severity"])}


QtValidate = Callable[..., Run]


def run(
    *arguments: str | Path,
    cwd: Path = ROOT,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
    timeout: float = 60,
) -> Run:
    """Run `qt-validate`; it must never end by a traceback, whatever it is given."""
    command = [str(BIN / "qt-validate"), *map(str, arguments)]
    measured = [sys.executable, "-c", _MEASURE, *command]
    done = subprocess.run(
        measured,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "NO_COLOR": "", **(env or {})},
    )
    err, _, peak = done.stderr.decode().rpartition("\n#peak ")
    assert "Traceback" not in err, err
    return Run(done.returncode, done.stdout.decode(), err, int(peak) / 1024)


# The peak of a child is read where it is the only child.
_MEASURE = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("\\n#peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, end="", file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def qt_validate() -> QtValidate:
    return run


@pytest.fixture(scope="session")
def renderers() -> dict[str, str]:
    """Kustomize by version: the oldest that the manifests must build on, and the newest."""
    programs = {
        "v5.5.0": ROOT / ".venv" / "kustomize-oldest" / "kustomize",
        "v5.8.1": ROOT / ".venv" / "bin" / "kustomize",
    }
    for version, program in programs.items():
        assert program.exists(), f"kustomize {version} is missing: `make test` builds it"
    return {version: str(program) for version, program in programs.items()}
