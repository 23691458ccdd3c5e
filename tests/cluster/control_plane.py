"""A Kubernetes control plane on loopback, built from Go modules and thrown away after the tests.

Real: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, metrics-server. Simulated by kwok: nodes
and pods, so no container runs. docs/testing.md says what that leaves unproved.

    python -m tests.cluster.control_plane      # build what is missing, start, and hold until Ctrl-C
"""

import argparse
import contextlib
import secrets
import shutil
import signal
import socket
import ssl
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import certificates
from tests.cluster.nodes import Nodes
from tests.cluster.programs import NEWEST, OLDEST, Kubectl, Processes, Release, build

NODES = 4


class ControlPlane:
    """The programs' folder, their processes, and kubectl as an administrator.

    `release` decides the API server, the controllers, the scheduler and kubectl; what else runs is always the
    same. Without nodes there is neither kwok nor metrics-server.
    """

    def __init__(self, folder: Path, release: Release = NEWEST, nodes: int = NODES) -> None:
        self.program = build(release)
        self._support = build()
        self.folder = folder
        self.kubeconfig = folder / "admin.yaml"
        self.kubectl = Kubectl((str(self.program), "kubectl", "--kubeconfig", str(self.kubeconfig)))
        self.nodes = Nodes("node", nodes, self.kubectl, folder / "kwok.yaml", folder)
        self._processes = Processes(folder)
        self._ports = dict(zip(("api", "etcd", "peer", "kwok", "metrics"), free_ports(5), strict=True))

    def start(self) -> None:
        """Up within some ten seconds. Raises RuntimeError with a log's end when a program dies."""
        certificates.make(self.folder)
        self._accounts()
        self._start_etcd()
        self._start_api()
        self._start_controllers()
        if self.nodes.count:
            self._start_nodes()
            self._start_metrics()

    def stop(self) -> None:
        self._processes.stop()

    def apply(self, objects: Sequence[dict[str, Any]]) -> None:
        done = self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))
        if done.returncode:
            raise RuntimeError(done.stderr)

    # --- parts

    def _accounts(self) -> None:
        tokens = [self._token("admin", "system:masters", self.kubeconfig)]
        for name, user, group in (
            ("controllers", "system:kube-controller-manager", ""),
            ("scheduler", "system:kube-scheduler", ""),
            ("kwok", "kwok", "system:masters"),
            ("metrics", "metrics-server", "system:masters"),
        ):
            tokens.append(self._token(user, group, self.folder / f"{name}.yaml"))
        (self.folder / "tokens.csv").write_text("\n".join(tokens) + "\n")

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{self._ports[name]}" for name in ("etcd", "peer"))
        self._processes.run(
            self._support,
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        )

    def _start_api(self) -> None:
        pki = self.folder
        self._processes.run(
            self.program,
            "kube-apiserver",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._ports['api']}",
            f"--etcd-servers=http://127.0.0.1:{self._ports['etcd']}",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={pki / 'server.crt'}",
            f"--tls-private-key-file={pki / 'server.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki / 'accounts.pub'}",
            f"--service-account-signing-key-file={pki / 'accounts.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--requestheader-client-ca-file={pki / 'front-ca.crt'}",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={pki / 'front.crt'}",
            f"--proxy-client-key-file={pki / 'front.key'}",
        )
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        url = f"https://127.0.0.1:{self._ports['api']}/readyz"

        def ready() -> bool:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(url, context=context, timeout=5) as answer,
            ):
                return bool(answer.status == 200)
            return False

        self._processes.wait("kube-apiserver", ready)

    def _start_controllers(self) -> None:
        pki = self.folder
        self._processes.run(
            self.program,
            "kube-controller-manager",
            f"--kubeconfig={self.folder / 'controllers.yaml'}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={pki / 'accounts.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            # Autoscaling in seconds where a real cluster takes minutes.
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-downscale-stabilization=15s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=10s",
        )
        self._processes.run(
            self.program,
            "kube-scheduler",
            f"--kubeconfig={self.folder / 'scheduler.yaml'}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
        )
        account = ("get", "serviceaccount", "default")
        self._processes.wait("kube-controller-manager", lambda: self.kubectl.succeeds(*account))

    def _start_nodes(self) -> None:
        self.nodes.start(
            self._processes,
            "--node-ip=127.0.0.1",
            f"--node-port={self._ports['kwok']}",
            f"--server-address=127.0.0.1:{self._ports['kwok']}",
            f"--tls-cert-file={self.folder / 'server.crt'}",
            f"--tls-private-key-file={self.folder / 'server.key'}",
        )

    def _start_metrics(self) -> None:
        kubeconfig = self.folder / "metrics.yaml"
        self._processes.run(
            self._support,
            "metrics-server",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports['metrics']}",
            f"--tls-cert-file={self.folder / 'server.crt'}",
            f"--tls-private-key-file={self.folder / 'server.key'}",
            f"--kubelet-certificate-authority={self.folder / 'ca.crt'}",
            "--kubelet-use-node-status-port",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-request-timeout=5s",
            "--metric-resolution=10s",
        )
        self.apply(metrics_api(self._ports["metrics"]))
        available = ("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=1s")
        self._processes.wait("metrics-server", lambda: self.kubectl.succeeds(*available))

    def _token(self, user: str, group: str, kubeconfig: Path) -> str:
        """Writes a user's kubeconfig; gives the line by which the API server knows the user."""
        token = secrets.token_hex(24)
        server = {"server": f"https://127.0.0.1:{self._ports['api']}", "certificate-authority": "ca.crt"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": server}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        }
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(yaml.safe_dump(document))
        return f'{token},{user},{user},"{group}"'


def metrics_api(port: int) -> list[dict[str, Any]]:
    """metrics-server's API, served by a process outside the cluster."""
    name, namespace = "metrics-server", "kube-system"
    service = {
        "type": "ExternalName",
        "externalName": "localhost",
        "ports": [{"name": "https", "port": port}],
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": service,
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {"name": name, "namespace": namespace, "port": port},
            },
        },
    ]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on, found all at once so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@contextlib.contextmanager
def running(release: Release = NEWEST, nodes: int = NODES) -> Iterator[ControlPlane]:
    """A control plane for the time of a block, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kubebox-"))
    plane = ControlPlane(folder, release, nodes)
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Start a control plane and hold it until Ctrl-C.")
    parser.add_argument("--nodes", type=int, default=NODES, help="simulated nodes (default %(default)s)")
    parser.add_argument(
        "--oldest", action="store_true", help=f"{OLDEST.version} in place of {NEWEST.version}"
    )
    options = parser.parse_args()
    with (
        running(OLDEST if options.oldest else NEWEST, options.nodes) as plane,
        contextlib.suppress(KeyboardInterrupt),
    ):
        print(f"export KUBECONFIG={plane.kubeconfig}   # until Ctrl-C", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
