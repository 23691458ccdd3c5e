"""Hook sleeps as long as the pod has to end, so the process is killed instead of told to stop.

The grace period runs from the start of the `preStop` hook, not from SIGTERM. When the hook uses it up, the
kubelet gives 2 seconds more and then kills: open requests are cut and buffers lost. A `sleep` action above
the grace period is refused by the server (validateSleepAction), so that is an error.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination

Fix: Set `terminationGracePeriodSeconds` to the sleep plus the time that the process needs to end.

Bad:
    kind: Deployment
    spec:
      template:
        spec:
          terminationGracePeriodSeconds: 15
          containers:
          - name: api
            lifecycle: {preStop: {exec: {command: [sleep, "15"]}}}  # finding
Good:
    kind: Deployment
    spec:
      template:
        spec:
          terminationGracePeriodSeconds: 45
          containers:
          - name: api
            lifecycle: {preStop: {exec: {command: [sleep, "15"]}}}
"""

from validator.cluster import Container
from validator.cluster.shutdown import grace_period, pre_stop_sleep
from validator.rule import Fault, Findings, Related, Severity, rule


def _sleeps(container: Container) -> bool:
    return pre_stop_sleep(container) is not None


@rule(Severity.WARNING, when=_sleeps)
def termination_too_short(container: Container) -> Findings:
    sleep, (grace, spoken) = pre_stop_sleep(container), grace_period(container)
    if sleep is None or not sleep.seconds or sleep.seconds < grace:
        return
    refused = sleep.action and sleep.seconds > grace
    yield Fault(
        container.at(*sleep.path),
        f"preStop sleeps {sleep} of {spoken}: "
        + ("the server refuses the pod" if refused else "the process is killed, not stopped"),
        related=(Related("the grace period", container.workload.at_pod("terminationGracePeriodSeconds")),),
        severity=Severity.ERROR if refused else None,
    )
