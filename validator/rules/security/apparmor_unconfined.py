"""Container gives up the AppArmor profile that the runtime would apply.

Asked is what counts for the container: its own `appArmorProfile`, else the annotation that was there before
the field (`container.apparmor.security.beta.kubernetes.io/<name>`), else the pod's. Unset is fine: the
runtime's default applies.
https://kubernetes.io/docs/tutorials/security/apparmor/

Fix: Remove it, or set `appArmorProfile: {type: RuntimeDefault}`.

Bad:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {appArmorProfile: {
        type: Unconfined}}},  # finding
    ]}}}
Good:
    kind: Deployment
    spec: {template: {spec: {containers: [
      {name: api, securityContext: {appArmorProfile: {
        type: RuntimeDefault}}},
    ]}}}
"""

from dataclasses import replace

from validator.cluster import Container
from validator.cluster.security_context import APPARMOR_ANNOTATION, apparmor, apparmor_annotation
from validator.manifest import dig, string
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR, when=Container.is_linux)
def apparmor_unconfined(container: Container) -> Findings:
    path = ("metadata", "annotations", APPARMOR_ANNOTATION + container.name)
    annotation = string(dig(container.workload.template, *path))
    if annotation is None or container.security.own.get("appArmorProfile") is not None:
        for at, said in container.security.violations(apparmor, "appArmorProfile"):
            yield at, f"{said}; the runtime's own profile would confine it"
    elif apparmor_annotation(annotation):
        at = replace(container.workload.at_template(*path), container=container.name)
        yield at, f"its AppArmor annotation is {annotation}; the runtime's own profile would confine it"
