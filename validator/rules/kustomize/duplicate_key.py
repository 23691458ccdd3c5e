"""Key stands twice in one mapping of a source, and Kustomize takes one of the two without a word.

In a kustomization, a JSON patch and a file of replacements the last one counts; in a merge patch the first.
So a line that everybody reads does nothing: two lists of `patches`, of which the first is dropped, or a
second `replicas`.
https://github.com/kubernetes-sigs/kustomize/issues/5061

Fix: Remove one of the two, or put what both hold together.

Bad:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    patches:
      - path: scale.yaml
    namePrefix: blue-
    namePrefix: green-  # finding
    # file: scale.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec:
      replicas: 3
      replicas: 5  # finding
    # file: deployment.yaml
    kind: Deployment
    metadata: {name: api}
    spec: {replicas: 2}
Good:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    patches:
      - path: scale.yaml
    namePrefix: green-
    # file: scale.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec:
      replicas: 5
    # file: deployment.yaml
    kind: Deployment
    metadata: {name: api}
    spec: {replicas: 2}
"""

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from validator.finding import Address, Path
from validator.kustomization import Kustomization
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR)
def duplicate_key(kustomization: Kustomization) -> Findings:
    for document, root in kustomization.texts():
        for path, first, second in _repeated(root, ()):
            merge_patch = root is not kustomization.root and _is_object(root)
            counts, other = ("first", "this one") if merge_patch else ("last", "the first one")
            yield Fault(
                Address(None, path, source=document.span(second)),
                f"`{second.value}` stands here a second time; the {counts} counts and {other} does nothing",
                (Related("the first one", Address(None, path, source=document.span(first))),),
            )


def _repeated(node: Node, at: Path) -> Iterator[tuple[Path, ScalarNode, ScalarNode]]:
    """Keys that were there before: where, the first, and the later one."""
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, (*at, index))
    elif isinstance(node, MappingNode):
        seen: dict[str, ScalarNode] = {}
        for key, value in node.value:
            first = seen.setdefault(key.value, key)
            if first is not key and key.value != "<<":
                yield (*at, key.value), first, key
            yield from _repeated(value, (*at, key.value))


def _is_object(root: Node) -> bool:
    """Whether a document is a merge patch, as against a list of operations or of replacements."""
    return isinstance(root, MappingNode) and any(key.value == "kind" for key, _ in root.value)
