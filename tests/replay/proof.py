"""Prove the places of generated overlays: `python -m tests.replay.proof [cases] [seed] [identifying]`."""

import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from tests.conftest import ROOT
from tests.replay.layers import FEATURES, drawn, make
from tests.replay.sentinels import Case, Kustomize, prove


def generate(count: int, start: int, top: Path) -> list[Case]:
    """So many overlays below a folder, the same for the same start."""
    found = []
    for number, (features, seed) in enumerate(drawn(count, start)):
        folder = top / f"case{number}"
        overlay = make(features, Random(seed), f"n{number}.c", folder)
        found.append(Case(folder, overlay, features))
    return found


def table(cases: list[Case]) -> str:
    lines = [f"{'feature':20}{'cases':>7}{'tried':>9}{'right':>9}{'wrong':>7}{'undecided':>11}{'refused':>9}"]
    for name in [*FEATURES, "all"]:
        chosen = [case for case in cases if case.verdicts and (name == "all" or name in case.features)]
        count = sum((case.count() for case in chosen), Counter[str]())
        tried = count["right"] + count["wrong"] + count["undecided"]
        lines.append(
            f"{name:20}{len(chosen):7}{tried:9}{count['right']:9}{count['wrong']:7}"
            f"{count['undecided']:11}{count['refused']:9}"
        )
    return "\n".join(lines)


def main(count: int = 1500, start: int = 1, identifying: int = 1) -> None:
    program = ROOT / ".venv" / "bin" / "kustomize"
    top = Path(tempfile.mkdtemp(prefix="proof"))
    cases = generate(count, start, top)
    prove(cases, Kustomize(str(program), top), identifying=identifying)
    print(table(cases))
    shown = Counter[str]()
    for case in cases:
        for leaf, verdict in case.verdicts.items():
            if verdict in ("wrong", "undecided") and shown[verdict] < 25:
                shown[verdict] += 1
                print(verdict, case.folder, *sorted(case.features), "|", leaf, "|", case.notes.get(leaf, ""))
    unbuilt = [case for case in cases if not case.verdicts]
    print(f"{len(unbuilt)} do not build")
    for case in unbuilt[:15]:
        print(case.folder, *sorted(case.features), case.refused.strip()[-250:])
    if "--keep" not in sys.argv:
        shutil.rmtree(top)


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:] if each.isdigit()))
