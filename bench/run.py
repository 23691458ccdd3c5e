"""Time qt-validate beside Kustomize's own build and the chain of tools that a user would run instead.

    make bench                       # or: python bench/run.py --runs 15

Whole processes, side by side: each round runs every command once, so that a busy moment hits all of
them. Shown are the medians of wall time, CPU time of all processes together, and peak resident memory of
the largest one. kubeconform and kube-score are built from their Go modules into bench/out; kubeconform
gets its schemas from the same wheel as qt-validate.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.objects import manifests  # noqa: E402

OUT = ROOT / "bench" / "out"
TOOLS = {
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    "kube-score": "github.com/zegl/kube-score/cmd/kube-score@v1.20.0",
}
PROD = "deploy/k8s/overlays/prod"
CONFORM = "kubeconform -strict -schema-location 'bench/out/schemas/{{.ResourceKind}}{{.KindSuffix}}.json'"


@dataclass(frozen=True, slots=True)
class Sample:
    """One process with its children: seconds, seconds, MiB."""

    wall: float
    cpu: float
    peak: float


def measure(command: str) -> Sample:
    # Byte code is cached as in any installation, whatever this shell says.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env["PATH"] = f"{OUT / 'bin'}:{Path(sys.executable).parent}:{env['PATH']}"
    start = time.perf_counter()
    process = subprocess.Popen(["sh", "-c", command], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    # Findings are exit 1; anything else means that nothing was measured.
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"failed: {command}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(samples: list[Sample]) -> Sample:
    wall, cpu, peak = (
        statistics.median(getattr(s, field) for s in samples) for field in ("wall", "cpu", "peak")
    )
    return Sample(wall, cpu, peak)


def compare(title: str, commands: dict[str, str], runs: int) -> dict[str, Sample]:
    """The median of each command, printed with what the first one's is of the others'."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for command in commands.values():
        measure(command)  # caches warm
    for _ in range(runs):
        for name, command in commands.items():
            samples[name].append(measure(command))
    medians = {name: median(taken) for name, taken in samples.items()}
    first, *_ = medians.values()
    print(f"\n{title} (median of {runs})\n")
    print(f"{'':<32} {'wall':>9} {'CPU':>9} {'peak':>9}   qt-validate takes")
    for name, m in medians.items():
        ratios = (first.wall / m.wall, first.cpu / m.cpu, first.peak / m.peak)
        told = "" if m is first else "{:5.2f} × wall {:5.2f} × CPU {:5.2f} × peak".format(*ratios)
        print(f"{name:<32} {m.wall:7.3f} s {m.cpu:7.3f} s {m.peak:5.0f} MiB   {told}".rstrip())
    return medians


def install() -> None:
    """The tools, of the versions above, and the schemas as kubeconform names them."""
    (OUT / "bin").mkdir(parents=True, exist_ok=True)
    for tool, module in TOOLS.items():
        if not (OUT / "bin" / tool).exists():
            if shutil.which("go") is None:
                sys.exit("the other tools are built from their Go modules: put Go on PATH")
            print(f"building {module}", file=sys.stderr)
            env = {**os.environ, "GOBIN": str(OUT / "bin")}
            subprocess.run(["go", "install", module], check=True, env=env)
    schemas = OUT / "schemas"
    schemas.mkdir(exist_ok=True)
    for folder in ("packed", "crds"):
        for file in (ROOT / "validator" / "schemas" / folder).glob("*.json"):
            group, version, kind = file.stem.split("_")
            suffix = f"-{group.partition('.')[0]}" if group else ""
            shutil.copyfile(file, schemas / f"{kind.lower()}{suffix}-{version}.json")


def findings(runs: int) -> dict[str, dict[str, Sample]]:
    """What the lines of findings cost: a run with them beside one that has none to find."""
    file = OUT / "10000-findings.yaml"
    sound = manifests(10_000)
    # A field that no object has: one finding in each.
    file.write_text(sound.replace("\n  namespace: bench\n", "\n  namespace: bench\n  odd: true\n"))
    command = "qt-validate --complete --fail-on never --config /dev/null"
    return {
        "10,000 findings": compare(
            "10,000 findings on 10,000 objects (to be under 8 s)",
            {
                "qt-validate": f"{command} {file}",
                "the objects without findings": f"{command} {OUT}/10000.yaml",
            },
            runs,
        ),
        "lines of prod": compare(
            "The lines of all findings of prod",
            {
                "qt-validate": f"qt-validate --format json {PROD}",
                "without findings": f"qt-validate --format json --select rbac {PROD}",
                "blame, every field": f"qt-validate blame {PROD}",
            },
            runs,
        ),
    }


def affected(runs: int) -> dict[str, Sample]:
    """300 kustomizations: half of them overlays, each on two of the other half."""
    tree = OUT / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for n in range(150):
        entries = {
            f"base/{n}": "resources:\n" + "".join(f"- object-{i}.yaml\n" for i in range(6)),
            f"overlays/{n}": f"resources: [../../base/{n}, ../../base/{(n + 1) % 150}]\n"
            + "images:\n"
            + "".join(f"- {{name: image-{i}, newTag: v{n}}}\n" for i in range(10)),
        }
        for folder, text in entries.items():
            (tree / folder).mkdir(parents=True)
            (tree / folder / "kustomization.yaml").write_text(text)
    (tree / "qt-validate.toml").write_text('root = "."\n')
    return compare(
        "Which of 150 overlays does a file reach? 300 kustomizations (to be under 0.5 s)",
        {
            "qt-validate": f"cd {tree} && qt-validate affected base/7/object-3.yaml",
            "start-up": "qt-validate --version",
        },
        runs,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    install()
    render = OUT / "prod.yaml"
    results = {
        "prod": compare(
            "The prod overlay",
            {
                "qt-validate": f"qt-validate {PROD}",
                "kustomize build": f"kustomize build {PROD}",
                "build, kubeconform, kube-score": (
                    f"kustomize build {PROD} > {render} && {CONFORM} {render}; kube-score score {render}"
                ),
            },
            runs,
        )
    }
    for objects in (10_000, 20_000):
        file = OUT / f"{objects}.yaml"
        file.write_text(manifests(objects))
        # Without this project's configuration, which declares other workloads' flows.
        commands = {"qt-validate": f"qt-validate --complete --config /dev/null {file}"}
        if objects == 10_000:
            commands["kubeconform"] = f"{CONFORM} {file}"
            commands["kube-score"] = f"kube-score score {file}"
            commands["kubeconform, kube-score"] = f"{CONFORM} {file}; kube-score score {file}"
        results[f"{objects} objects"] = compare(f"{objects:,} rendered objects", commands, max(runs // 3, 1))
    results |= findings(max(runs // 3, 1))
    results["affected"] = affected(runs)
    small, large = (results[f"{n} objects"]["qt-validate"] for n in (10_000, 20_000))
    print(f"\n20,000 objects take {large.wall / small.wall:.2f} × the time of 10,000")
    shown = {title: {name: asdict(s) for name, s in found.items()} for title, found in results.items()}
    (OUT / "results.json").write_text(json.dumps(shown, indent=2) + "\n")


if __name__ == "__main__":
    main()
