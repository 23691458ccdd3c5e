"""Pack the CRD schemas of the operators that the manifests use, from the operators' own Go modules.

    python scripts/pack_crds.py        # needs Go and its module proxy; rewrites validator/schemas/crds

The result is committed: it is small, and an installed wheel must not need Go. All four projects are
under the Apache License 2.0; only field names, types and constraints are kept.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from validator.manifest import parse
from validator.schema import from_openapi

MODULES = {
    "github.com/cert-manager/cert-manager@v1.21.2": (
        "deploy/crds",
        {"Certificate", "Issuer", "ClusterIssuer"},
    ),
    "github.com/external-secrets/external-secrets@v1.3.2": (
        "config/crds/bases",
        {"ExternalSecret", "ClusterExternalSecret", "SecretStore", "ClusterSecretStore"},
    ),
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": (
        "example/prometheus-operator-crd",
        {
            "ServiceMonitor",
            "PodMonitor",
            "Probe",
            "PrometheusRule",
            "Prometheus",
            "Alertmanager",
            "AlertmanagerConfig",
            "ScrapeConfig",
        },
    ),
    "sigs.k8s.io/gateway-api@v1.6.3": (  # 1.7 wants Go 1.27
        "config/crd/standard",
        {
            "GatewayClass",
            "Gateway",
            "HTTPRoute",
            "GRPCRoute",
            "TLSRoute",
            "ReferenceGrant",
            "BackendTLSPolicy",
        },
    ),
}
DESTINATION = Path(__file__).parent.parent / "validator" / "schemas" / "crds"


def main() -> None:
    DESTINATION.mkdir(parents=True, exist_ok=True)
    for old in DESTINATION.glob("*.json"):
        old.unlink()
    for module, (folder, kinds) in MODULES.items():
        download = subprocess.run(
            ["go", "mod", "download", "-json", module], check=True, capture_output=True, text=True
        )
        seen = pack(Path(json.loads(download.stdout)["Dir"]) / folder, kinds)
        if missing := kinds - seen:
            raise SystemExit(f"{module}: no CRD for {', '.join(sorted(missing))}")


def pack(folder: Path, kinds: set[str]) -> set[str]:
    seen: set[str] = set()
    for file in sorted(folder.rglob("*.yaml")):
        for crd, _ in parse(file.read_text(), file.name):
            if not isinstance(crd, dict) or crd.get("kind") != "CustomResourceDefinition":
                continue
            spec: dict[str, Any] = crd["spec"]
            kind = spec["names"]["kind"]
            if kind not in kinds:
                continue
            for version in spec["versions"]:
                if version["served"]:
                    schema = from_openapi(version["schema"]["openAPIV3Schema"])
                    name = f"{spec['group']}_{version['name']}_{kind}.json"
                    text = json.dumps(schema, separators=(",", ":"), sort_keys=True)
                    (DESTINATION / name).write_text(text + "\n")
                    seen.add(kind)
    return seen


if __name__ == "__main__":
    main()
