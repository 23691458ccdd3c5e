"""Pod names a ConfigMap, or a key of one, that does not exist, so its container never starts.

It stays in CreateContainerConfigError (a variable) or ContainerCreating (a volume). Names count in the pod's
own namespace; `optional: true` may be absent. ConfigMaps that others make are known: `kube-root-ca.crt`, the
bundles of trust-manager, copies of Reflector and its like, and what an operator may make from an object in
the render.
https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps

Fix: Add the ConfigMap or the key, or correct the name.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, env: [
        {name: LEVEL, valueFrom: {configMapKeyRef: {name: api-config, key: LOG_LEVL}}},  # finding
      ]},
    ]}}}
    ---
    kind: ConfigMap
    metadata: {name: api-config}
    data: {LOG_LEVEL: info}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, env: [
        {name: LEVEL, valueFrom: {configMapKeyRef: {name: api-config, key: LOG_LEVEL}}},
      ]},
    ]}}}
    ---
    kind: ConfigMap
    metadata: {name: api-config}
    data: {LOG_LEVEL: info}
"""

from validator.cluster import Cluster, ConfigMap
from validator.cluster.config_maps import is_brought, keys_of, missing_name, needed, unknown_keys
from validator.cluster.secrets import Consumer
from validator.config import nearest
from validator.rule import Fault, Findings, Related, Severity, rule


def _uses_config_maps(consumer: Consumer) -> bool:
    return any(not use.optional for use in consumer.config_maps())


@rule(Severity.ERROR, neighbours=True, when=_uses_config_maps)
def config_missing(consumer: Consumer, cluster: Cluster) -> Findings:
    namespace = consumer.namespace
    for name, uses in needed(consumer.config_maps()).items():
        config_map = cluster.config_map(namespace, name)
        if config_map is None:
            if not is_brought(cluster, ConfigMap, namespace, name):
                yield uses[0].at_name, missing_name(cluster, "ConfigMap", namespace, name, len(uses))
            continue
        keys = keys_of(config_map)
        for use in unknown_keys(uses, keys):
            message = f"{config_map} has no key `{use.key}`{nearest(str(use.key), keys or ())}"
            yield Fault(use.at, message, (Related("the ConfigMap", config_map.at("data")),))
