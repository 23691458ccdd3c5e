"""A namespace for a few objects, gone after the test."""

import json
from itertools import count

import yaml

from tests.cluster.cluster import Cluster, Object

_numbers = count(1)


class Playground:
    """A namespace of its own, and what stands in it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name

    @classmethod
    def next(cls, cluster: Cluster) -> "Playground":
        return cls(cluster, f"playground-{next(_numbers)}")

    def __enter__(self) -> "Playground":
        self.cluster.kubectl("create", "namespace", self.name)
        return self

    def __exit__(self, *_: object) -> None:
        """Not waited for: no other one has its name."""
        self.cluster.run("delete", "namespace", self.name, "--wait=false")

    def apply(self, objects: list[Object]) -> None:
        self.cluster.kubectl("apply", "-n", self.name, "-f", "-", stdin=yaml.safe_dump_all(objects))

    def items(self, kind: str) -> list[Object]:
        printed = self.cluster.kubectl("get", kind, "-n", self.name, "-o", "json")
        found: list[Object] = json.loads(printed)["items"]
        return found

    def ready(self) -> list[Object]:
        return [pod for pod in self.items("pods") if has(pod, "Ready") and not going(pod)]

    def until_ready(self, number: int) -> None:
        self.cluster.until(lambda: len(self.ready()) == number, f"{number} pods are ready", 60)

    def counted(self) -> int:
        """The healthy pods that budgets know of."""
        return sum(each.get("status", {}).get("currentHealthy", 0) for each in self.items("pdb"))

    def release(self, pod: Object) -> None:
        name, patch = pod["metadata"]["name"], '{"metadata":{"finalizers":null}}'
        self.cluster.run("patch", "pod", name, "-n", self.name, "--type=merge", "-p", patch)


def has(pod: Object, condition: str) -> bool:
    return any(c["type"] == condition and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def going(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]
