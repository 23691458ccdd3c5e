"""User or group ID is below 10,000, where it may be that of an account of the node.

A process that breaks out of its container, or shares a `hostPath`, then has that account's files. IDs from
10,000 on belong to no system account. Root is another rule's matter (`security.runs-as-root`).
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

Fix: Set `runAsUser` and `runAsGroup` to 10000 or above, if the image's files allow it; keep what a
database's volume was written with.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {
        runAsUser: 999}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {
        runAsUser: 10999}},
    ]}}}
"""

from validator.cluster import Container
from validator.rule import Findings, Severity, rule

_FIELDS = ("runAsUser", "runAsGroup")
_LOWEST = 10_000


def _sets_one(container: Container) -> bool:
    return container.is_linux() and any(container.security.get(field) is not None for field in _FIELDS)


@rule(Severity.INFO, when=_sets_one)
def low_uid(container: Container) -> Findings:
    security = container.security
    low = {field: security.get(field) for field in _FIELDS}
    low = {field: value for field, value in low.items() if type(value) is int and 0 < value < _LOWEST}
    if low:
        said = " and ".join(f"`{field}` {value}" for field, value in low.items())
        yield (
            security.address(next(iter(low))),
            f"{said} may be a system account of the node (below {_LOWEST:,})",
        )
