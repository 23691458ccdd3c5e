"""Objects that make pods (pkg/apis/apps/validation, pkg/apis/batch/validation)."""

from typing import Any

from validator.cluster.quantity import quantity
from validator.cluster.validity.cron import schedule, time_zone
from validator.cluster.validity.metadata import annotations
from validator.cluster.validity.numbers import amounts, at_least, is_zero, share
from validator.cluster.validity.pods import pod_spec
from validator.cluster.validity.words import (
    Faults,
    dns_label,
    dns_subdomain,
    labels,
    needed,
    selector,
    word,
)
from validator.cluster.workload import POD_TEMPLATES
from validator.config import KubeVersions
from validator.finding import Path
from validator.manifest import Resource, dig, mapping, sequence, string

_COUNTS = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
_JOB_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_CRON_COUNTS = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def workload(resource: Resource, kube: KubeVersions) -> Faults:
    kind, spec = resource.kind, mapping(resource.value.get("spec"))
    template_at = POD_TEMPLATES[resource.group, kind]
    template = mapping(resource.get(*template_at))
    if template_at and (meta := mapping(template.get("metadata"))):
        yield from labels((*template_at, "metadata", "labels"), meta.get("labels"))
        yield from annotations((*template_at, "metadata", "annotations"), meta.get("annotations"))
    claims = [mapping(claim) for claim in sequence(spec.get("volumeClaimTemplates"))]
    names = tuple(str(dig(claim, "metadata", "name")) for claim in claims)
    yield from pod_spec((*template_at, "spec"), mapping(template.get("spec")), kind, kube, names)
    if template.get("spec") is None and (template or not template_at or kind == "PodTemplate"):
        yield (*template_at, "spec"), "the pod has no containers"
    if resource.group == "apps":
        counts = [field for field in _COUNTS if (kind, field) != ("StatefulSet", "revisionHistoryLimit")]
        yield from at_least(("spec",), spec, 0, *counts)
        yield from selector(("spec", "selector"), spec.get("selector"))
    if kind == "Deployment":
        yield from _deployment(spec)
    elif kind == "StatefulSet":
        yield from _stateful_set(spec)
        for index, claim in enumerate(claims):
            at: Path = ("spec", "volumeClaimTemplates", index)
            yield from needed((*at, "metadata", "name"), dig(claim, "metadata", "name"), dns_label)
            yield from claim_spec((*at, "spec"), mapping(claim.get("spec")))
    elif kind == "DaemonSet":
        yield from _daemon_set(spec)
    elif kind == "Job":
        yield from _job(("spec",), spec, resource.kind)
    elif kind == "CronJob":
        yield from _cron_job(spec)


def _deployment(spec: dict[str, Any]) -> Faults:
    at: Path = ("spec", "strategy")
    strategy = mapping(spec.get("strategy"))
    update = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate":
        if update is not None:
            yield (*at, "rollingUpdate"), "strategy Recreate takes no rollingUpdate"
    else:
        update = mapping(update)
        yield from share((*at, "rollingUpdate", "maxSurge"), update.get("maxSurge"), most=False)
        yield from share((*at, "rollingUpdate", "maxUnavailable"), update.get("maxUnavailable"))
        if is_zero(update.get("maxSurge")) and is_zero(update.get("maxUnavailable")):
            yield (*at, "rollingUpdate"), "maxSurge and maxUnavailable are both 0: nothing could be replaced"
    ready, deadline = spec.get("minReadySeconds") or 0, spec.get("progressDeadlineSeconds")
    deadline = 600 if deadline is None else deadline
    if type(ready) is int and type(deadline) is int and 0 <= deadline <= ready:
        at = ("spec", "progressDeadlineSeconds" if "progressDeadlineSeconds" in spec else "minReadySeconds")
        yield at, f"progressDeadlineSeconds {deadline} is not more than minReadySeconds {ready}"


def _stateful_set(spec: dict[str, Any]) -> Faults:
    at: Path = ("spec", "updateStrategy", "rollingUpdate")
    update = dig(spec, "updateStrategy", "rollingUpdate")
    if dig(spec, "updateStrategy", "type") == "OnDelete" and update is not None:
        yield at, "updateStrategy OnDelete takes no rollingUpdate"
    update = mapping(update)
    yield from at_least(at, update, 0, "partition")
    name = string(spec.get("serviceName"))
    if name and (why := dns_label(name)):
        yield ("spec", "serviceName"), why


def _daemon_set(spec: dict[str, Any]) -> Faults:
    at: Path = ("spec", "updateStrategy", "rollingUpdate")
    update = dig(spec, "updateStrategy", "rollingUpdate")
    if type(update) is not dict or dig(spec, "updateStrategy", "type") == "OnDelete":
        return
    surge, unavailable = update.get("maxSurge", 0), update.get("maxUnavailable", 1)
    yield from share((*at, "maxSurge"), surge)
    yield from share((*at, "maxUnavailable"), unavailable)
    if is_zero(surge) and is_zero(unavailable):
        yield at, "maxSurge and maxUnavailable are both 0: nothing could be replaced"
    elif not is_zero(surge) and not is_zero(unavailable):
        yield at, f"maxSurge {surge} needs maxUnavailable 0, which is {unavailable} here"


def _job(at: Path, spec: dict[str, Any], kind: str) -> Faults:
    yield from at_least(at, spec, 0, *_JOB_COUNTS)
    if kind == "Job" and spec.get("selector") is not None and spec.get("manualSelector") is not True:
        yield (*at, "selector"), "the server makes a Job's selector, unless manualSelector is true"
    indexed = spec.get("completionMode") == "Indexed"
    if indexed and spec.get("completions") is None and spec.get("parallelism") is not None:
        yield at, "completionMode Indexed needs completions"
    for field in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
        if spec.get(field) is not None and not indexed:
            yield (*at, field), f"{field} needs completionMode: Indexed"
    policy = dig(spec, "template", "spec", "restartPolicy")
    if spec.get("podFailurePolicy") is not None and policy == "OnFailure":
        yield (*at, "podFailurePolicy"), "podFailurePolicy needs restartPolicy: Never, not OnFailure"


def _cron_job(spec: dict[str, Any]) -> Faults:
    yield from at_least(("spec",), spec, 0, *_CRON_COUNTS)
    if type(text := spec.get("schedule")) is str:
        why = schedule(text) if text else "the schedule is empty"
        if why:
            yield ("spec", "schedule"), why
    if type(zone := spec.get("timeZone")) is str and (why := time_zone(zone)):
        yield ("spec", "timeZone"), why
    at: Path = ("spec", "jobTemplate", "spec")
    job = mapping(dig(spec, "jobTemplate", "spec"))
    if job.get("selector") is not None:
        yield (*at, "selector"), "the server makes the selector of a CronJob's Jobs"
    if job.get("manualSelector") is True:
        yield (*at, "manualSelector"), "the server makes the selector of a CronJob's Jobs"
    yield from _job(at, job, "CronJob")


def claim_spec(at: Path, spec: dict[str, Any]) -> Faults:
    """A PersistentVolumeClaim's spec."""
    modes = sequence(spec.get("accessModes"))
    if not modes:
        yield (*at, "accessModes"), "a claim needs an access mode"
    elif "ReadWriteOncePod" in modes and len(set(map(str, modes))) > 1:
        yield (*at, "accessModes"), "ReadWriteOncePod takes no other mode beside it"
    if spec.get("storageClassName"):
        yield from word((*at, "storageClassName"), spec["storageClassName"], dns_subdomain)
    requests = mapping(dig(spec, "resources", "requests"))
    if quantity(requests.get("storage")) == 0:
        yield (*at, "resources", "requests", "storage"), "0 is not more than 0"
    if "storage" not in requests:
        yield (*at, "resources"), "a claim needs a request for storage"
    yield from amounts((*at, "resources", "requests"), requests)
    yield from selector((*at, "selector"), spec.get("selector"))
