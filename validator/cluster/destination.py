"""Where a backup Job leaves what it makes."""

import re
from dataclasses import dataclass
from typing import Any

from validator.cluster.backup import REMOTE_TOOLS, Dump, dumps, script_of
from validator.cluster.script import PodScript
from validator.cluster.workload import Container, Workload
from validator.finding import Address
from validator.manifest import mapping, sequence

_FLEETING = ("emptyDir", "ephemeral")
_READ_ONLY = ("configMap", "secret", "projected", "downwardAPI", "image")
"""Volumes that nothing can be written to. All types but these and the fleeting ones outlive the pod."""

_UPLOAD = re.compile(
    r"(?<![\w.$-])(?:"
    r"(?:aws|aws-cli)\s(?:[^\n;|&]*\s)?s3(?:api)?|s3cmd|s5cmd|rclone|restic|rustic|kopia|borg|borgmatic|duplicity|"
    r"mc\s(?:[^\n;|&]*\s)?(?:cp|mirror|pipe|put)|gsutil|gcloud\s+storage|(?:az|azure-cli)\s+storage|azcopy|"
    r"oci\s+os|ossutil|swift\s+upload|b2\s+(?:file|upload|sync)\S*|scp|sftp|lftp|ssh|wal-g|wal-e|pgbackrest|"
    r"barman-cloud-\w+|velero|curl\s[^\n;|&]*(?:-T|--upload-file|=@|\s@)|rsync\s[^\n;|&]*\w:|"
    r"kubectl\s+cp"
    r")(?![\w=-])"
)
_REMOTE_IMAGE = re.compile(r"s3|gcs|azure|minio|swift|rclone|restic")
_QUOTED = r"[\"']?([^\s\"';|&()<>]+)"
_OUTPUT = re.compile(
    r"(?:--(?:file|pgdata|result-file|out|archive|target-dir|backup-dir|outputdir|output-directory|output)"
    rf"[= ]|(?<![\d&])>>?\s*|\btee\s+(?:-a\s+)?){_QUOTED}"
)
_SHORT_OUTPUT = {
    "postgres": re.compile(rf"(?<!\S)-[fD]\s*{_QUOTED}"),
    "mysql": re.compile(rf"(?<!\S)-r\s*{_QUOTED}"),
    "mongodb": re.compile(rf"(?<!\S)-o\s*{_QUOTED}"),
}
"""The same letters mean other things to other programs (`mysqldump -f` is --force)."""
_STATEMENT = re.compile(r"\n|;|&&|\|\|")
_MOVING = re.compile(
    r"(?m)(?:^|[;&|({]|\b(?:then|do|run|exec)\b)\s*(?:cp|mv|rsync|install|tar|dd|tee|cat)\b[^\n;|&]*"
)
_REDIRECTION = re.compile(rf"(?<![\d&])>>?\s*{_QUOTED}")
_CHANGING = re.compile(rf"\bcd\s+{_QUOTED}")
_EXEC = re.compile(r"\bkubectl\s[^\n;|&]*\bexec\b")


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that goes with the pod: the volume, or the container whose own file system it is."""

    at: Address
    tool: str
    path: str | None
    on: str


@dataclass(frozen=True, slots=True)
class _Mount:
    path: str
    volume: str
    kind: str
    at: Address
    lasting: bool

    def holds(self, path: str) -> bool:
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


def destination_of(job: Workload) -> Destination | None:
    """The fleeting place of a Job's backup; None when it is kept, or when nobody can tell."""
    script = script_of(job)
    found = dumps(job)
    if any(_is_sent(container, script.expanded(container)) for container in job.containers):
        return None
    # What one container leaves on a shared volume another may move.
    moved = "\n".join(_moves(script.expanded(c)) for c in job.containers)
    lasting = [mount for c in job.containers for mount in _mounts(c) if mount.lasting]
    if any(re.search(rf"(?<![\w/]){re.escape(mount.path)}(?![\w-])", moved) for mount in lasting):
        return None
    places = [_place(dump, script.expanded(dump.container)) for dump in found]
    return next((place for place in places if place is not None), None) if all(places) else None


def _moves(text: str) -> str:
    """The commands that copy files, and all redirections."""
    copies = [match[0] for match in _MOVING.finditer(text)]
    return " ".join([*copies, *(match[0] for match in _REDIRECTION.finditer(text))]).replace('"', "")


def _is_sent(container: Container, text: str) -> bool:
    image = container.image.name if container.image else ""
    made_for_it = "backup" in image and _REMOTE_IMAGE.search(image) is not None
    return made_for_it or _UPLOAD.search(text) is not None or _EXEC.search(text) is not None


def _place(dump: Dump, text: str) -> Destination | None:
    if dump.tool in REMOTE_TOOLS:
        return None
    mounts = sorted(_mounts(dump.container), key=lambda mount: -len(mount.path))
    paths = _paths(dump, text)
    places = [(path, next((m for m in mounts if m.holds(path)), None)) for path in paths]
    if any(mount is not None and mount.lasting for _, mount in places):
        return None
    if not places:
        if any(mount.lasting for mount in mounts):
            return None
        writable = [mount for mount in mounts if not mount.lasting]
        if len(writable) == 1:
            return Destination(
                writable[0].at, dump.tool, writable[0].path, f"{writable[0].kind} `{writable[0].volume}`"
            )
    for path, mount in places:
        if mount is not None:
            return Destination(mount.at, dump.tool, path, f"{mount.kind} `{mount.volume}`")
    first = paths[0] if paths else None
    return Destination(dump.container.at(), dump.tool, first, "the container's own file system")


def _paths(dump: Dump, text: str) -> list[str]:
    """The absolute paths that the tool writes, `/dev` and what only the running shell knows left out."""
    folder = str(dump.container.value.get("workingDir") or "/")
    for match in _CHANGING.finditer(text):
        if match[1].startswith("/"):
            folder = match[1]
    found: dict[str, None] = {}
    patterns = [_OUTPUT, *([_SHORT_OUTPUT[dump.engine.name]] if dump.engine.name in _SHORT_OUTPUT else [])]
    for statement in _STATEMENT.split(text.replace("\\\n", " ")):
        if not PodScript.runs(statement, dump.tool):
            continue
        for path in (match[1] for pattern in patterns for match in pattern.finditer(statement)):
            if not path.startswith(("/", "$", "-")):
                path = f"{folder.rstrip('/')}/{path.removeprefix('./')}"
            if path.startswith("/") and not path.startswith(("/dev/", "/proc/")):
                found[path] = None
    return list(found)


def _mounts(container: Container) -> list[_Mount]:
    """The mounts of a container that can be written to."""
    job = container.workload
    volumes: dict[str, tuple[int, dict[str, Any]]] = {
        str(mapping(volume).get("name")): (index, mapping(volume))
        for index, volume in enumerate(sequence(job.pod.get("volumes")))
    }
    found: list[_Mount] = []
    for entry in map(mapping, sequence(container.value.get("volumeMounts"))):
        name, path = str(entry.get("name")), entry.get("mountPath")
        index, volume = volumes.get(name, (-1, {}))
        if type(path) is not str or index < 0 or entry.get("readOnly") is True:
            continue
        kinds = [key for key in volume if key != "name"]
        if any(kind in _READ_ONLY for kind in kinds):
            continue
        # A volume without a source is an emptyDir, as the server defaults it.
        kind = kinds[0] if kinds else "emptyDir"
        found.append(_Mount(path, name, kind, job.at_pod("volumes", index), kind not in _FLEETING))
    return found
