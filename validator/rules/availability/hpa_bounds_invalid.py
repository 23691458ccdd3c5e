"""Autoscaler's maximum is below its minimum, so the server refuses it and the workload is not scaled.

ValidateHorizontalPodAutoscaler (pkg/apis/autoscaling/validation) wants `maxReplicas` at least 1 and not below
`minReplicas`, which is 1 when unset. The schema cannot say so. An overlay that lowers only one of the two is
the usual cause.

Fix: Raise `maxReplicas` or lower `minReplicas`; set both in one patch.

Bad:
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 4
      maxReplicas: 3  # finding
Good:
    kind: HorizontalPodAutoscaler
    spec:
      minReplicas: 4
      maxReplicas: 6
"""

from validator.cluster import HorizontalPodAutoscaler
from validator.rule import Fault, Findings, Related, Severity, rule


@rule(Severity.ERROR)
def hpa_bounds_invalid(hpa: HorizontalPodAutoscaler) -> Findings:
    if hpa.maximum < max(hpa.minimum, 1):
        unset = "" if hpa.spec.get("minReplicas") is not None else " (unset)"
        yield Fault(
            hpa.at("spec", "maxReplicas"),
            f"maxReplicas {hpa.maximum} is below "
            + (f"minReplicas {hpa.minimum}{unset}" if hpa.minimum > hpa.maximum else "1"),
            related=(Related("the minimum", hpa.at("spec", "minReplicas")),),
        )
