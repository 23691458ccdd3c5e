"""Namespace enforces no Pod Security level, so the server accepts any pod there, privileged ones too.

Without the label the cluster's default holds, which is privileged unless an administrator changed it. A
level that does not exist is an error: the server refuses such a Namespace.
https://kubernetes.io/docs/concepts/security/pod-security-admission/

Fix: Label it `pod-security.kubernetes.io/enforce: restricted` (or `baseline`), and pin `enforce-version`.

Bad:
    kind: Namespace
    metadata:
      name: trading
      labels:  # finding
        app.kubernetes.io/part-of: trading
Good:
    kind: Namespace
    metadata:
      name: trading
      labels:
        pod-security.kubernetes.io/enforce: restricted
        pod-security.kubernetes.io/enforce-version: v1.34
"""

from validator.cluster import Namespace
from validator.cluster.pod_security import ENFORCE, LEVELS
from validator.rule import Fault, Findings, Severity, rule


@rule(Severity.WARNING, prod=True, neighbours=True)
def pod_security_unset(namespace: Namespace) -> Findings:
    level = namespace.labels.get(ENFORCE)
    at = namespace.at("metadata", "labels", ENFORCE)
    if level is None:
        yield at, f"no `{ENFORCE}`: the server accepts any pod in {namespace.name}, privileged ones too"
    elif level not in LEVELS:
        yield Fault(at, f"`{ENFORCE}` is {level}, not {', '.join(LEVELS)}", severity=Severity.ERROR)
