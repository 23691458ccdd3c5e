"""Generator gives its object no hash in the name, so a change of the configuration rolls no pod.

The pods go on with the old values until something else restarts them, and then they change one by one, at a
time that nobody chose. Reported where a workload of the render uses the object.
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/generatoroptions/

Fix: Leave `disableNameSuffixHash` out; Kustomize renames the references it knows, and `nameReference` in a
file of `configurations` teaches it others.

Bad:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    configMapGenerator:
      - name: api-config
        literals: [LOG_LEVEL=info]
        options:
          disableNameSuffixHash: true  # finding
    # file: deployment.yaml
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, envFrom: [{configMapRef: {name: api-config}}]}
    ]}}}
Good:
    # file: kustomization.yaml
    resources: [deployment.yaml]
    configMapGenerator:
      - name: api-config
        literals: [LOG_LEVEL=info]
    # file: deployment.yaml
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, envFrom: [{configMapRef: {name: api-config}}]}
    ]}}}
"""

from validator.cluster import Cluster
from validator.cluster.secrets import Consumer
from validator.finding import Address
from validator.kustomization import Kustomization
from validator.manifest import Resource, dig
from validator.rule import Fault, Findings, Related, Severity, rule
from validator.source import Sources

_GENERATORS = ("configMapGenerator", "secretGenerator")
_SWITCH = "disableNameSuffixHash"


def _is_switched_off(kustomization: Kustomization) -> bool:
    holders = [
        ("generatorOptions",),
        *((*path, "options") for path, _ in kustomization.entries(*_GENERATORS)),
    ]
    return any(dig(kustomization.value, *holder, _SWITCH) is True for holder in holders)


@rule(Severity.INFO, when=_is_switched_off)
def hash_disabled(kustomization: Kustomization, cluster: Cluster, sources: Sources) -> Findings:
    told = set()
    for path, _ in kustomization.entries(*_GENERATORS):
        for switch in ((*path, "options", _SWITCH), ("generatorOptions", _SWITCH)):
            if dig(kustomization.value, *switch) is not True or switch in told:
                continue
            made = sources.made_at(kustomization.document.locate(path))
            use = None if made is None else _use(cluster, made)
            if use is not None:
                told.add(switch)
                yield Fault(
                    kustomization.at(*switch),
                    f"{made} keeps its name when its data changes, so {use.object} is not rolled out again",
                    (Related("used by", use),),
                )


def _use(cluster: Cluster, made: Resource) -> Address | None:
    """Where a workload names the object."""
    for consumer in cluster.of(Consumer):
        for use in consumer.uses:
            if (use.kind, use.name, consumer.namespace) == (made.kind, made.name, made.namespace):
                return use.at_name
    return None
