"""Write validator/schemas/enums.json: the words that a field takes, as an API server describes its own kinds.

    KUBECONFIG=… python scripts/write_enums.py        # kubectl's cluster, of the version to describe

Kubernetes' published description, which the schemas are made from, leaves these words out. The server's own
has them for the stable versions: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
"""

import json
import subprocess
from pathlib import Path
from typing import Any

DESTINATION = Path(__file__).parent.parent / "validator" / "schemas" / "enums.json"


def main() -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for path, entry in raw("/openapi/v3")["paths"].items():
        if path.startswith(("api/", "apis/")) and path.count("/") == (1 if path.startswith("api/") else 2):
            for name, schema in raw(entry["serverRelativeURL"])["components"]["schemas"].items():
                written = name.startswith("io.k8s.") and not name.endswith("Status")
                if written and (words := enumerations(schema)):
                    found[name] = words
    DESTINATION.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    print(sum(map(len, found.values())), "fields in", len(found), "definitions")


def raw(path: str) -> dict[str, Any]:
    done = subprocess.run(["kubectl", "get", "--raw", path], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def enumerations(schema: dict[str, Any]) -> dict[str, list[str]]:
    """field → its words, or those of its items."""
    fields = {
        name: field.get("items", field).get("enum") for name, field in schema.get("properties", {}).items()
    }
    return {name: words for name, words in fields.items() if words}


if __name__ == "__main__":
    main()
