"""What makes a folder one that Kustomize builds. Imports nothing: it is asked before the build starts."""

import os
from pathlib import Path

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def kustomization_file(folder: Path) -> Path | None:
    """The kustomization of a folder, when it is one."""
    for name in FILE_NAMES:
        if os.path.isfile(candidate := folder / name):
            return candidate
    return None
