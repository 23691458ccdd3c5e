"""Which container a field belongs to."""

from validator.cluster.workload import POD_TEMPLATES
from validator.finding import Path
from validator.manifest import Resource, dig


def container_at(resource: Resource, path: Path) -> str | None:
    """The name of the container that a path leads into."""
    template = POD_TEMPLATES.get((resource.group, resource.kind))
    if template is None:
        return None
    start = len(template) + 1
    if len(path) < start + 2 or path[:start] != (*template, "spec"):
        return None
    key, index = path[start : start + 2]
    if key not in ("containers", "initContainers") or type(index) is not int:
        return None
    name = dig(resource.value, *path[: start + 2], "name")
    return name if type(name) is str else None
