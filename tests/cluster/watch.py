"""Promises about pods, judged at every change that the API server stores."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.cluster import NAMESPACE, Cluster, Object, finished

ONE_AT_MOST = ("execution", "risk-management", "timescaledb", "redis")


class Watch:
    """The pods as of the last change, and the promises that were broken on the way there."""

    def __init__(self, pods: list[Object], api_pods: int) -> None:
        self.events = 0
        self.broken: list[str] = []
        self._pods = {pod["metadata"]["uid"]: pod for pod in pods}
        self._api_pods = api_pods
        self._judge()

    def see(self, event: Object) -> None:
        pod = event["object"]
        if event["type"] == "DELETED":
            del self._pods[pod["metadata"]["uid"]]
        elif event["type"] in ("ADDED", "MODIFIED"):
            self._pods[pod["metadata"]["uid"]] = pod
        else:
            self.broken.append(f"the watch failed: {event}")
        self.events += 1
        self._judge()

    def has_seen(self, pods: list[Object]) -> bool:
        return versions([*self._pods.values()]) == versions(pods)

    def _judge(self) -> None:
        running = [pod for pod in self._pods.values() if not finished(pod)]
        for name in ONE_AT_MOST:
            found = sum(of(pod, name) for pod in running)
            if found > 1:
                self.broken.append(f"{found} pods of {name} at once")
        serving = sum(of(pod, "api-service") and serves(pod) for pod in running)
        if serving < self._api_pods:
            self.broken.append(f"{serving} API pods serve, not {self._api_pods}")


def of(pod: Object, name: str) -> bool:
    return bool(pod["metadata"].get("labels", {}).get("app.kubernetes.io/name") == name)


def serves(pod: Object) -> bool:
    """Ready, and not on its way out: what a Service sends traffic to."""
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
    return ready and "deletionTimestamp" not in pod["metadata"]


def versions(pods: list[Object]) -> dict[str, str]:
    return {pod["metadata"]["uid"]: pod["metadata"]["resourceVersion"] for pod in pods}


@contextmanager
def watched(cluster: Cluster, api_pods: int) -> Iterator[Watch]:
    """Sees every change of a pod during a block; at least `api_pods` API pods must serve all the while."""
    listed = cluster.get("pods")
    watch = Watch(listed["items"], api_pods)
    since = listed["metadata"]["resourceVersion"]
    # Not `get --watch`: this starts at the list's own version, so that nothing falls between list and watch.
    path = f"/api/v1/namespaces/{NAMESPACE}/pods?watch=true&resourceVersion={since}"
    command = [*cluster.run.command, "get", "--raw", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stream:

        def follow() -> None:
            assert stream.stdout
            for line in stream.stdout:
                watch.see(json.loads(line))

        follower = threading.Thread(target=follow)
        follower.start()
        try:
            yield watch
            cluster.until(lambda: watch.has_seen(cluster.items("pods")), "the watch has seen every change")
            assert stream.poll() is None, "the watch ended before its time"
        finally:
            stream.terminate()
            follower.join()
            cluster.done["changes of pods watched"] += watch.events
