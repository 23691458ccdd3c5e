"""Remote base names no tag or commit, so what is deployed changes whenever somebody pushes there.

The same overlay renders differently tomorrow, without a diff in this repository, and a rollback does not
bring the old state back. A branch such as `main` is no pin. Remote bases are read with `--allow-remote`
only.
https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md

Fix: Pin it with `?ref=` and a tag or a full commit, or keep a copy in the repository.

Bad:
    # file: kustomization.yaml
    resources:
      - git@github.com:example/base.git?ref=main  # finding
    # file: example/base.git/kustomization.yaml
    resources: [account.yaml]
    # file: example/base.git/account.yaml
    kind: ServiceAccount
Good:
    # file: kustomization.yaml
    resources:
      - git@github.com:example/base.git?ref=v1.2.0
    # file: example/base.git/kustomization.yaml
    resources: [account.yaml]
    # file: example/base.git/account.yaml
    kind: ServiceAccount
"""

import re

from validator.kustomization import Kustomization
from validator.references import is_remote
from validator.rule import Findings, Severity, rule

_MOVING = re.compile(r"(refs/heads/.*|HEAD|head|latest|[^0-9]*)")
"""Every version has a digit; a branch with one, such as `release-1.30`, cannot be told from a tag."""
_MOVING_PARTS = frozenset({"main", "master", "trunk", "develop", "HEAD", "latest", "refs/heads"})
_FILE = re.compile(r"https?://.*\.(?:ya?ml|json)$")


@rule(Severity.ERROR)
def remote_unpinned(kustomization: Kustomization) -> Findings:
    for path, entry in kustomization.entries("resources", "bases", "components"):
        if type(entry) is str and is_remote(entry) and (reason := _unpinned(entry)):
            yield kustomization.at(*path), f"`{entry}` is not pinned: {reason}"


def _unpinned(entry: str) -> str:
    address, _, query = entry.partition("?")
    asked = dict(pair.partition("=")[::2] for pair in query.split("&"))
    ref = asked.get("ref") or asked.get("version")
    if ref:
        return f"`{ref}` is a branch, not a tag or commit" if _MOVING.fullmatch(ref) else ""
    if _FILE.fullmatch(address):
        moving = [part for part in address.split("/") if part in _MOVING_PARTS]
        return f"`{moving[0]}` in its path moves" if moving else ""
    return "without `?ref=`, the newest commit of the default branch is taken"
