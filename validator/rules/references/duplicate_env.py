"""Variable is set twice in one container, and only the last value counts.

The server accepts it with a warning that few see; a patch or a second layer may then remove the wrong one.
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables

Fix: Remove one of the entries.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, env: [
        {name: LOG_LEVEL, value: debug},
        {name: LOG_LEVEL, value: info},  # finding
      ]},
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, env: [
        {name: LOG_LEVEL, value: info},
      ]},
    ]}}}
"""

from validator.cluster import Container
from validator.manifest import string
from validator.rule import Fault, Findings, Related, Severity, rule


def _has_env(container: Container) -> bool:
    return bool(container.value.get("env"))


@rule(Severity.ERROR, when=_has_env)
def duplicate_env(container: Container) -> Findings:
    seen: dict[str, int] = {}
    for index, entry in container.env():
        name = string(entry.get("name"))
        if name is None:
            continue
        first = seen.setdefault(name, index)
        if first != index:
            related = (Related("set first", container.at("env", first)),)
            yield Fault(container.at("env", index), f"{name} is set a second time; this one counts", related)
