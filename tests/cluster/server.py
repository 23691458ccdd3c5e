"""What an API server says of a single object, asked without kubectl: some milliseconds an answer."""

import base64
import http.client
import json
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.cluster.cluster import Cluster, Object


class Answer(NamedTuple):
    """`status` is HTTP's; `said` the server's words when it refuses; `warnings` what it lets through."""

    status: int
    said: str
    warnings: str

    @property
    def refused(self) -> bool:
        """Not because the object is there already: that is found out last, after all has been checked."""
        return self.status >= 300 and self.status != 409


class Server:
    """The API server behind a connection that stays open, and the kinds that it serves."""

    def __init__(self, connection: http.client.HTTPSConnection, token: str | None) -> None:
        self._connection = connection
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}

    def would_create(self, value: Object, namespace: str) -> Answer:
        """What a client that validates strictly would hear; nothing is stored."""
        api_version, kind = str(value.get("apiVersion")), str(value.get("kind"))
        found = self._served(api_version).get(kind)
        if found is None:
            return Answer(404, f'no matches for kind "{kind}" in version "{api_version}"', "")
        plural, namespaced = found
        metadata = value.get("metadata")
        own = metadata.get("namespace") if isinstance(metadata, dict) else None
        path = _root(api_version)
        if namespaced:
            path += f"/namespaces/{own if isinstance(own, str) and own else namespace}"
        return self._answer("POST", f"{path}/{plural}?dryRun=All&fieldValidation=Strict", value)

    def evict(self, namespace: str, pod: str) -> Answer:
        """Ask for an eviction, as `kubectl drain` does."""
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        return self._answer("POST", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", eviction)

    def _served(self, api_version: str) -> dict[str, tuple[str, bool]]:
        """The kinds of a version: the name in paths, and whether they stand in a namespace."""
        if api_version not in self._kinds:
            status, _, body = self._request("GET", _root(api_version), None)
            listed = json.loads(body)["resources"] if status == 200 else ()
            self._kinds[api_version] = {
                each["kind"]: (each["name"], each["namespaced"]) for each in listed if "/" not in each["name"]
            }
        return self._kinds[api_version]

    def _answer(self, method: str, path: str, value: Object) -> Answer:
        status, warnings, body = self._request(method, path, json.dumps(value))
        said = "" if status < 300 else str(json.loads(body).get("message"))
        return Answer(status, said, warnings)

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str, bytes]:
        """Once more by a new connection, since the server ends one that was idle for minutes."""
        try:
            return self._exchange(method, path, body)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return self._exchange(method, path, body)

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, str, bytes]:
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        return response.status, "; ".join(response.headers.get_all("Warning", ())), response.read()


@contextmanager
def connected(cluster: Cluster) -> Iterator[Server]:
    """A connection with kubectl's own address and credentials: a token, or a certificate."""
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    assert user.keys() & {"token", "client-certificate-data"}, (
        "the kubeconfig has no token and no certificate"
    )
    context = ssl.create_default_context(cadata=_decoded(server["certificate-authority-data"]))
    if "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
            pair.flush()
            context.load_cert_chain(Path(pair.name))
    address = urlsplit(server["server"])
    assert address.hostname
    connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=60, context=context)
    try:
        yield Server(connection, user.get("token"))
    finally:
        connection.close()


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _decoded(data: Any) -> str:
    return base64.b64decode(data).decode()
