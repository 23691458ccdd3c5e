"""A Kubernetes control plane on loopback, built from Go modules and thrown away after the tests.

Real: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, metrics-server. Simulated by kwok: nodes
and pods, so no container runs. docs/testing.md says what that leaves unproved.

    python -m tests.cluster.control_plane      # build what is missing, start, and hold until Ctrl-C
"""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = "v1.36.3"
SOURCE = Path(__file__).parent / "kubebox"
PROGRAM = ROOT / ".cache" / f"kubebox-{KUBERNETES}" / "kubebox"
NEVER_READY = "test.qt-validate/never-ready"
"""Annotation of a pod that kwok never makes ready."""
CPU_USAGE = "kwok.x-k8s.io/usage-cpu"
"""kwok's annotation of the CPU that a pod's containers report to use."""
NODES = 4
_PR_SET_PDEATHSIG = 1


def build() -> Path:
    """The program, built once a version: some ten minutes on a new machine."""
    if not PROGRAM.exists():
        if shutil.which("go") is None:
            sys.exit(
                "a control plane is built from its Go modules: put Go on PATH, or set KUBECONFIG to a cluster"
            )
        print(f"building a Kubernetes {KUBERNETES} control plane (ten minutes, once)", file=sys.stderr)
        major, minor = KUBERNETES.removeprefix("v").split(".")[:2]
        stamps = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        flags = ["-s", "-w"]
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{name}={value}" for name, value in stamps.items()]
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        # Under another name until it is whole: an interrupted build must not look like a program.
        unfinished = PROGRAM.with_name("unfinished")
        command = [
            "go",
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            " ".join(flags),
            "-o",
            str(unfinished),
            ".",
        ]
        subprocess.run(command, cwd=SOURCE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        unfinished.rename(PROGRAM)
    return PROGRAM


class ControlPlane:
    """The processes, their folder, and the kubeconfig of an administrator."""

    def __init__(self, folder: Path) -> None:
        self.program = build()
        self.folder = folder
        self.kubeconfig = folder / "admin.yaml"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = dict(zip(("api", "etcd", "peer", "kwok", "metrics"), free_ports(5), strict=True))

    def start(self) -> None:
        """Up within some ten seconds. Raises RuntimeError with a log's end when a program dies."""
        self._certificates()
        tokens = [self._token("admin", "system:masters", self.kubeconfig)]
        for name, user, group in (
            ("controllers", "system:kube-controller-manager", ""),
            ("scheduler", "system:kube-scheduler", ""),
            ("kwok", "kwok", "system:masters"),
            ("metrics", "metrics-server", "system:masters"),
        ):
            tokens.append(self._token(user, group, self.folder / f"{name}.yaml"))
        (self.folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
        self._start_api()
        self._start_controllers()
        self._start_nodes()
        self._start_metrics()

    def stop(self) -> None:
        """Stop everything, what depends on others first."""
        for process in reversed(self._processes.values()):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(self.program), "kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    # --- parts

    def _start_api(self) -> None:
        etcd, peer, api = (f"127.0.0.1:{self._ports[name]}" for name in ("etcd", "peer", "api"))
        pki = self.folder
        self._run(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls=http://{etcd}",
            f"--advertise-client-urls=http://{etcd}",
            f"--listen-peer-urls=http://{peer}",
            f"--initial-advertise-peer-urls=http://{peer}",
            f"--initial-cluster=default=http://{peer}",
        )
        self._run(
            "kube-apiserver",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._ports['api']}",
            f"--etcd-servers=http://{etcd}",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={pki / 'server.crt'}",
            f"--tls-private-key-file={pki / 'server.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
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

        url = f"https://{api}/readyz"

        def ready() -> bool:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(url, context=context, timeout=5) as answer,
            ):
                return bool(answer.status == 200)
            return False

        self._wait("kube-apiserver", ready)

    def _start_controllers(self) -> None:
        pki = self.folder
        self._run(
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
        self._run(
            "kube-scheduler",
            f"--kubeconfig={self.folder / 'scheduler.yaml'}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
        )
        self._wait("kube-controller-manager", lambda: self._ok("get", "serviceaccount", "default"))

    def _start_nodes(self) -> None:
        stages = subprocess.run(
            [self.program, "kwok-stages"], capture_output=True, text=True, check=True
        ).stdout
        documents = [stage for stage in yaml.safe_load_all(stages) if stage]
        for stage in documents:
            if stage["kind"] == "Stage" and stage["metadata"]["name"] == "pod-ready":
                key = f'.metadata.annotations["{NEVER_READY}"]'
                stage["spec"]["selector"]["matchExpressions"].append({"key": key, "operator": "DoesNotExist"})
        (self.folder / "stages.yaml").write_text(yaml.safe_dump_all(documents))
        self._run(
            "kwok",
            f"--kubeconfig={self.folder / 'kwok.yaml'}",
            f"--config={self.folder / 'stages.yaml'}",
            "--manage-all-nodes=true",
            "--node-ip=127.0.0.1",
            f"--node-port={self._ports['kwok']}",
            f"--server-address=127.0.0.1:{self._ports['kwok']}",
            f"--tls-cert-file={self.folder / 'server.crt'}",
            f"--tls-private-key-file={self.folder / 'server.key'}",
            "--node-lease-duration-seconds=40",
        )
        self.apply([node(number) for number in range(NODES)])
        ready = ("wait", "--for=condition=Ready", "node", "--all", "--timeout=1s")
        self._wait("kwok", lambda: self._ok(*ready))

    def _start_metrics(self) -> None:
        kubeconfig = self.folder / "metrics.yaml"
        self._run(
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
        self._wait("metrics-server", lambda: self._ok(*available))

    # --- tools

    def apply(self, objects: Sequence[dict[str, Any]]) -> None:
        done = self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))
        if done.returncode:
            raise RuntimeError(done.stderr)

    def _ok(self, *arguments: str) -> bool:
        return self.kubectl(*arguments).returncode == 0

    def _run(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [self.program, name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
            )

    def _wait(self, name: str, ready: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not ready():
            dead = self._processes[name].poll() is not None
            if dead or time.monotonic() > end:
                log = (self.folder / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} {'died' if dead else 'is not ready'}:\n{log[-2000:]}")
            time.sleep(0.2)

    def _token(self, user: str, group: str, kubeconfig: Path) -> str:
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

    def _certificates(self) -> None:
        """Authorities, a server certificate for loopback, the front proxy's, and the accounts' key."""
        for authority in ("ca", "front-ca"):
            self._key(authority)
            self._openssl(
                *("req", "-x509", "-new", "-key", f"{authority}.key", "-days", "2"),
                *("-subj", f"/CN={authority}", "-out", f"{authority}.crt"),
            )
        names = "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"
        self._signed("server", "ca", "kube-apiserver", f"{names}\nextendedKeyUsage=serverAuth\n")
        self._signed("front", "front-ca", "front-proxy", "extendedKeyUsage=clientAuth\n")
        self._key("accounts")
        self._openssl("ec", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")

    def _signed(self, name: str, authority: str, subject: str, extensions: str) -> None:
        self._key(name)
        (self.folder / f"{name}.ext").write_text(extensions)
        self._openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={subject}", "-out", f"{name}.csr")
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key"),
            *("-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt"),
        )

    def _key(self, name: str) -> None:
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=True)


def node(number: int) -> dict[str, Any]:
    """A simulated node of 16 CPUs and 64 GiB; the nodes stand in three zones."""
    name = f"node-{number}"
    offer = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {
                "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource"
            },
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": f"zone-{number % 3}",
            },
        },
        "status": {"allocatable": offer, "capacity": offer},
    }


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


def _end_with_parent() -> None:
    """A test run that is killed must not leave a cluster behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def running() -> Iterator[ControlPlane]:
    """A control plane for the time of a block, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kubebox-"))
    plane = ControlPlane(folder)
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with running() as started, contextlib.suppress(KeyboardInterrupt):
        print(f"export KUBECONFIG={started.kubeconfig}   # until Ctrl-C", flush=True)
        signal.pause()
