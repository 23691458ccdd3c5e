"""Object breaks the schema of its kind, so the server refuses it, or drops the misspelled field in silence.

Checked as strictly as `kubectl apply --validate=strict`: unknown fields and duplicate keys too, and the kinds
of operators by the schemas of their CustomResourceDefinitions, those in the render first. There is one
finding for each fault.
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation

Fix: Correct the field; the message names the nearest one that exists.

Bad:
    kind: Deployment
    spec:
      replica: 3  # finding
Good:
    kind: Deployment
    spec:
      replicas: 3
"""

from validator.cluster import POD_TEMPLATES
from validator.finding import Address, Path
from validator.manifest import Resource, dig
from validator.rule import Findings, Severity, rule
from validator.schema import Schemas


@rule(Severity.ERROR)
def schema_invalid(resource: Resource, schemas: Schemas) -> Findings:
    for fault in schemas.faults(resource):
        yield Address(resource.ref, fault.path, _container(resource, fault.path)), fault.message
    if all(key in ("items", 0) for key in resource.base):
        # A document's oddities are told once: on its object, or on the first one of a List.
        for oddity in resource.document.oddities:
            yield Address(resource.ref), f"line {oddity.line}: {oddity.message}"


def _container(resource: Resource, path: Path) -> str | None:
    """The name of the container that a path leads into."""
    template = POD_TEMPLATES.get((resource.group, resource.kind))
    if template is None:
        return None
    start = len(template) + 1
    if len(path) < start + 2 or path[:start] != (*template, "spec"):
        return None
    key, index = path[start : start + 2]
    if key not in ("containers", "initContainers") or type(index) is not int:
        return None
    name = dig(resource.value, *path[: start + 2], "name")
    return name if type(name) is str else None
