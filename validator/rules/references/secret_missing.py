"""Pod names a Secret, or a key of one in the render, that does not exist, so its container never starts.

It stays in CreateContainerConfigError (a variable) or ContainerCreating (a volume). Names count in the pod's
own namespace; `optional: true` may be absent. In profile prod, a Secret that nothing provides is reported by
`secrets.not-external`, and a key that its external source does not write by `secrets.external-key-missing`
everywhere; here are the rest. A missing `imagePullSecrets` entry is only a warning: the pod starts where the
image is public.
https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret

Fix: Add the Secret or the key, or correct the name.

Bad:
    # also: secrets.plaintext
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, env: [
        {name: PASSWORD, valueFrom: {secretKeyRef: {name: database, key: pasword}}},  # finding
      ]},
    ]}}}
    ---
    kind: Secret
    metadata: {name: database}
    stringData: {password: "only for the tests"}
Good:
    # also: secrets.plaintext
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, env: [
        {name: PASSWORD, valueFrom: {secretKeyRef: {name: database, key: password}}},
      ]},
    ]}}}
    ---
    kind: Secret
    metadata: {name: database}
    stringData: {password: "only for the tests"}
"""

from validator.cluster import Cluster, Secret
from validator.cluster.config_maps import is_brought, keys_of, missing_name, needed, unknown_keys
from validator.cluster.secrets import Consumer, secret_sources
from validator.config import nearest
from validator.rule import Fault, Findings, Related, Severity, rule


def _uses_secrets(consumer: Consumer) -> bool:
    return any(not use.optional for use in consumer.secrets())


@rule(Severity.ERROR, neighbours=True, when=_uses_secrets)
def secret_missing(consumer: Consumer, cluster: Cluster) -> Findings:
    namespace, sources = consumer.namespace, secret_sources(cluster)
    for name, uses in needed(consumer.secrets()).items():
        origins = sources.of(namespace, name)
        secret = cluster.secret(namespace, name)
        if secret is None:
            # In prod these are all told by secrets.not-external.
            if cluster.profile != "prod" and not origins and not is_brought(cluster, Secret, namespace, name):
                message = missing_name(cluster, "Secret", namespace, name, len(uses))
                pulls = all(use.how == "imagePullSecrets" for use in uses)
                yield Fault(uses[0].at_name, message, (), Severity.WARNING if pulls else None)
            continue
        keys = keys_of(secret)
        for origin in origins:
            keys = None if keys is None or origin.keys is None else keys | origin.keys
        for use in unknown_keys(uses, keys):
            message = f"{secret} has no key `{use.key}`{nearest(str(use.key), keys or ())}"
            yield Fault(use.at, message, (Related("the Secret", secret.at()),))
