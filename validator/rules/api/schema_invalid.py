"""Object breaks the schema of its kind, so the server refuses it, or drops the misspelled field in silence.

Checked as strictly as `kubectl apply --validate=strict`: unknown fields too, and the kinds of operators by
the schemas of their CustomResourceDefinitions, those in the render first. Each fault is one finding.
A key that stands twice, or is no string, is a warning: kubectl sends the last one, as a string, in silence.
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

from validator.cluster.places import container_at
from validator.finding import Address
from validator.manifest import Resource
from validator.rule import Fault, Findings, Severity, rule
from validator.schema import Schemas


@rule(Severity.ERROR)
def schema_invalid(resource: Resource, schemas: Schemas) -> Findings:
    for fault in schemas.faults(resource):
        yield Address(resource.ref, fault.path, container_at(resource, fault.path)), fault.message
    if all(key in ("items", 0) for key in resource.base):
        # A document's oddities are told once: on its object, or on the first one of a List.
        for oddity in resource.document.oddities:
            at, message = Address(resource.ref), f"line {oddity.line}: {oddity.message}"
            yield Fault(at, message, severity=Severity.WARNING)
