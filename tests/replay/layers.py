"""Overlays that combine what a kustomization can do, and the ways in which its files can be written."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

_Object = dict[str, Any]


@dataclass(slots=True)
class Layer:
    """A kustomization in the making."""

    folder: str
    value: _Object

    def add(self, key: str, *entries: Any) -> None:
        self.value.setdefault(key, []).extend(entries)


@dataclass(slots=True)
class World:
    """An overlay in the making: `overlay` on `middle` on `base`, and a component that `overlay` takes in."""

    random: Random
    tag: str
    objects: list[_Object]
    base: Layer
    middle: Layer
    component: Layer
    overlay: Layer
    files: dict[str, str] = field(default_factory=dict)
    writing: set[str] = field(default_factory=set)
    number: int = 0

    def one(self, *kinds: str) -> _Object:
        found = [each for each in self.objects if each["kind"] in kinds]
        return self.random.choice(found or self.objects)

    def layer(self) -> Layer:
        return self.random.choice([self.base, self.middle, self.component, self.overlay, self.overlay])

    def fresh(self, stem: str = "v") -> str:
        self.number += 1
        return f"{stem}{self.number}"

    def chance(self, part: float = 0.5) -> bool:
        return self.random.random() < part

    def file(self, layer: Layer, name: str, text: str) -> str:
        self.files[f"{layer.folder}/{name}"] = text
        return name


FEATURES: dict[str, Callable[[World], None]] = {}


def feature(make: Callable[[World], None]) -> Callable[[World], None]:
    FEATURES[make.__name__.replace("_", "-")] = make
    return make


def _reference(each: _Object) -> _Object:
    name = {"name": each["metadata"]["name"]}
    return {"apiVersion": each["apiVersion"], "kind": each["kind"], "metadata": name}


def _workload(world: World) -> _Object:
    return world.one("Deployment", "StatefulSet")


def _containers(each: _Object) -> list[_Object]:
    found: list[_Object] = each["spec"]["template"]["spec"]["containers"]
    return found


# What a kustomization can do


def _changes(world: World, each: _Object) -> _Object:
    """A part of an object that a merge patch may change, with lists that merge, and others that do not."""
    random = world.random
    patch = _reference(each)
    if world.chance():
        patch["metadata"]["annotations"] = {random.choice(["note", "more", "owner"]): world.fresh()}
    if each["kind"] in ("Deployment", "StatefulSet"):
        container: _Object = {"name": random.choice(_containers(each))["name"]}
        if world.chance(0.2):
            container["name"] = world.fresh("side")
            container["image"] = "side:1"
        for name in random.sample(sorted(_CONTAINER), random.randint(1, 3)):
            container[name] = _CONTAINER[name](world)
        pod: _Object = {"containers": [container]}
        for name in random.sample(sorted(_POD), random.randint(0, 2)):
            pod[name] = _POD[name](world)
        patch["spec"] = {"template": {"spec": pod}}
        if world.chance(0.3):
            patch["spec"]["replicas"] = random.randint(1, 9)
        if each["kind"] == "StatefulSet" and world.chance(0.3):
            patch["spec"]["volumeClaimTemplates"] = [
                {"metadata": {"name": "data"}, "spec": {"storageClassName": world.fresh()}}
            ]
    elif each["kind"] == "Service":
        patch["spec"] = {"ports": [{"port": random.choice([80, 81, 443]), "name": world.fresh("p")}]}
    elif each["kind"] == "ConfigMap":
        patch["data"] = {random.choice(["one", "two", "new"]): world.fresh()}
    elif each["kind"] == "Widget":
        patch["spec"] = {
            "parts": [{"name": "left", "size": world.fresh()}],
            "colour": world.fresh(),
            "deep": {random.choice(["a", "b", "c"]): world.fresh()},
        }
    else:
        patch["metadata"].setdefault("annotations", {})["note"] = world.fresh()
    return patch


_CONTAINER: dict[str, Callable[[World], Any]] = {
    "image": lambda w: f"{w.fresh('image')}:{w.random.randint(1, 9)}",
    "env": lambda w: [
        {"name": n, "value": w.fresh()} for n in w.random.sample(["ONE", "TWO", "THREE", "FOUR"], 2)
    ],
    "args": lambda w: ["--level", w.fresh()],
    "ports": lambda w: [
        {"containerPort": w.random.choice([8080, 9090, 7070]), "name": w.fresh("p")}
        | ({"protocol": "TCP"} if w.chance() else {})
    ],
    "resources": lambda w: {"limits": {w.random.choice(["cpu", "memory"]): f"{w.random.randint(1, 9)}"}},
    "volumeMounts": lambda w: [{"name": "data", "mountPath": w.random.choice(["/data", "/other"])}],
    "securityContext": lambda w: {"readOnlyRootFilesystem": w.chance()},
    "command": lambda w: None,
    "livenessProbe": lambda w: {"httpGet": {"path": f"/{w.fresh()}", "port": 8080}},
}
_POD: dict[str, Callable[[World], Any]] = {
    "tolerations": lambda w: [{"key": w.fresh("t"), "operator": "Exists"}],
    "volumes": lambda w: [
        {"name": w.random.choice(["data", "cache"]), "emptyDir": {"sizeLimit": f"{w.random.randint(1, 9)}Gi"}}
    ],
    "imagePullSecrets": lambda w: [{"name": w.fresh("pull")}],
    "nodeSelector": lambda w: {w.random.choice(["disk", "zone"]): w.fresh()},
    "topologySpreadConstraints": lambda w: [
        {"topologyKey": w.random.choice(["zone", "host"]), "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}
    ],
    "hostAliases": lambda w: [{"ip": w.random.choice(["10.0.0.1", "10.0.0.2"]), "hostnames": [w.fresh("h")]}],
    "terminationGracePeriodSeconds": lambda w: w.random.randint(1, 99),
}


@feature
def merge_file(world: World) -> None:
    layer = world.layer()
    patches = [_changes(world, world.one()) for _ in range(world.random.randint(1, 3))]
    name = f"{world.fresh('patch')}.yaml"
    world.files[f"{layer.folder}/{name}"] = "---\n".join(written(world, patch) for patch in patches)
    if world.chance(0.3):
        layer.add("patchesStrategicMerge", name)
    else:
        layer.add("patches", {"path": name})


@feature
def merge_inline(world: World) -> None:
    layer = world.layer()
    patches = [_changes(world, world.one()) for _ in range(world.random.randint(1, 2))]
    layer.add("patches", {"patch": Text("---\n".join(written(world, patch) for patch in patches))})


@feature
def merge_target(world: World) -> None:
    each = world.one()
    patch = _changes(world, each)
    patch["metadata"]["name"] = "ignored"
    world.layer().add("patches", {"patch": Text(written(world, patch)), "target": _target(world, each)})


def _target(world: World, each: _Object) -> _Object:
    """A selection of this object by words, patterns or selectors."""
    name = each["metadata"]["name"]
    ways: list[_Object] = [
        {"kind": each["kind"], "name": name},
        {"kind": each["kind"][:3] + ".*", "name": f".*{name[1:]}"},
        {"kind": each["kind"], "name": f"{name}|nobody"},
        {"kind": each["kind"]},
        {"kind": each["kind"], "labelSelector": "tier in (front, back),app"},
        {"kind": each["kind"], "labelSelector": "tier!=none"},
        {"kind": each["kind"], "annotationSelector": "owner=team"},
        {"version": each["apiVersion"].rpartition("/")[2], "kind": each["kind"], "name": name},
        {"kind": each["kind"], "namespace": "default"},
    ]
    return dict(world.random.choice(ways))


@feature
def merge_directives(world: World) -> None:
    each = _workload(world)
    patch = _reference(each)
    container: _Object = {"name": _containers(each)[0]["name"]}
    which = world.random.choice(
        ["delete-item", "replace-map", "replace-list", "delete-map", "null", "object"]
    )
    if which == "delete-item":
        container["env"] = [{"name": "ONE", "$patch": "delete"}, {"name": "NEW", "value": world.fresh()}]
    elif which == "replace-map":
        container["resources"] = {"$patch": "replace", "limits": {"memory": "5"}}
    elif which == "replace-list":
        container["env"] = [{"$patch": "replace"}, {"name": "ONLY", "value": world.fresh()}]
    elif which == "delete-map":
        container["resources"] = {"$patch": "delete"}
    elif which == "null":
        container["resources"] = {"limits": None, "requests": {"cpu": "7"}}
    patch["spec"] = {"template": {"spec": {"containers": [container]}}}
    if which == "object":
        gone = world.one("NetworkPolicy", "Widget", "ConfigMap")
        patch = {"$patch": "delete", **_reference(gone)}
    world.overlay.add("patches", {"patch": Text(written(world, patch))})


@feature
def json_patch(world: World) -> None:
    each = _workload(world)
    spec = "/spec/template/spec"
    random = world.random
    operations: list[_Object] = [
        {
            "op": "add",
            "path": f"{spec}/containers/0/env/-",
            "value": {"name": world.fresh("E"), "value": "x"},
        },
        {
            "op": "add",
            "path": f"{spec}/containers/0/env/0",
            "value": {"name": world.fresh("E"), "value": "y"},
        },
        {"op": "replace", "path": f"{spec}/containers/0/env/1/value", "value": world.fresh()},
        {"op": "add", "path": "/metadata/annotations/a~1b", "value": world.fresh()},
        {"op": "replace", "path": "/metadata/annotations/owner", "value": world.fresh()},
        {"op": "remove", "path": f"{spec}/containers/0/env/0"},
        {"op": "copy", "from": "/metadata/annotations/owner", "path": "/metadata/annotations/copied"},
        {"op": "move", "from": f"{spec}/containers/0/env/1", "path": f"{spec}/containers/0/env/0"},
        {"op": "test", "path": "/metadata/annotations/note", "value": "first"},
        {"op": "add", "path": f"{spec}/securityContext", "value": {"runAsUser": 5, "runAsNonRoot": True}},
        {"op": "replace", "path": f"{spec}/containers/0/image", "value": f"{world.fresh('j')}:7"},
        {"op": "replace", "path": f"{spec}/containers/0/args", "value": ["a", world.fresh()]},
    ]
    chosen = random.sample(operations, random.randint(1, 4))
    layer = world.base if any(each["op"] == "test" for each in chosen) else world.layer()
    entry: _Object = {"target": {"kind": each["kind"], "name": each["metadata"]["name"]}}
    if world.chance():
        entry["target"] = _target(world, each) if "kind" not in each else entry["target"]
    text = json.dumps(chosen) if world.chance(0.2) else written(world, chosen)
    if world.chance():
        entry["path"] = world.file(layer, f"{world.fresh('json')}.yaml", text)
    else:
        entry["patch"] = Text(text)
    layer.add("patchesJson6902" if world.chance(0.2) else "patches", entry)


@feature
def images(world: World) -> None:
    image = world.random.choice(["app", "registry.example:5000/team/tool", "side", "ap."])
    entry: _Object = {"name": image}
    for key, value in (("newName", world.fresh("repo/n")), ("newTag", world.fresh("t"))):
        if world.chance(0.6):
            entry[key] = value
    if len(entry) == 1 or world.chance(0.15):
        entry["digest"] = "sha256:" + "ab" * 32
    if "newTag" not in entry and "digest" not in entry and world.chance():
        entry["tagSuffix"] = world.fresh("-s")
    world.layer().add("images", entry)


@feature
def replicas(world: World) -> None:
    name = _workload(world)["metadata"]["name"]
    world.layer().add("replicas", {"name": name, "count": world.random.randint(0, 20)})


@feature
def labels(world: World) -> None:
    entry: _Object = {"pairs": {world.random.choice(["part", "stage", "tier"]): world.fresh()}}
    which = world.random.choice(["includeSelectors", "includeTemplates", "fields", ""])
    if which == "fields":
        entry["fields"] = [{"path": "spec/labels", "create": world.chance(), "kind": "Widget"}]
    elif which:
        entry[which] = True
    world.layer().add("labels", entry)


@feature
def common_labels(world: World) -> None:
    world.layer().value.setdefault("commonLabels", {})[world.fresh("common")] = world.fresh()


@feature
def common_annotations(world: World) -> None:
    held = world.layer().value.setdefault("commonAnnotations", {})
    held[world.random.choice(["owner", "also"])] = world.fresh()


@feature
def namespace(world: World) -> None:
    world.random.choice([world.middle, world.overlay]).value["namespace"] = f"space{world.tag}"


@feature
def prefix(world: World) -> None:
    world.layer().value["namePrefix"] = f"{world.fresh('pre')}-"


@feature
def suffix(world: World) -> None:
    world.layer().value["nameSuffix"] = f"-{world.fresh('post')}"


def _literals(world: World, layer: Layer, kind: str, name: str, number: str) -> _Object:
    entry: _Object = {"name": name}
    literals = [f"one={world.fresh()}", f'quoted="{world.fresh()}"', "empty=", "equals=a=b", "päß=ünicode"]
    files = {f"file{number}.txt": f"some\ntext {world.fresh()}\n"}
    pairs = f"# comment\nENV_ONE{number}={world.fresh()}\n\n  ENV_TWO{number}=with = signs \n"
    if world.chance():
        entry["literals"] = world.random.sample(literals[:4], 2)
    if world.chance():
        entry["files"] = [world.file(layer, file, text) for file, text in files.items()]
        if world.chance():
            entry["files"].append(f"renamed{number}.cfg={next(iter(files))}")
    if len(entry) == 1 or world.chance():
        entry["envs"] = [world.file(layer, f"pairs{number}.env", pairs)]
    if kind == "secretGenerator" and world.chance(0.3):
        entry["type"] = "example.org/kind"
    if world.chance(0.3):
        entry["options"] = {"labels": {"made": world.fresh()}, "annotations": {"by": world.fresh()}}
    if world.chance(0.3):
        entry.setdefault("options", {})["disableNameSuffixHash"] = True
    return entry


@feature
def generators(world: World) -> None:
    kind = world.random.choice(["configMapGenerator", "secretGenerator"])
    layer, number = world.layer(), world.fresh("")
    layer.add(kind, _literals(world, layer, kind, f"made{number}{world.tag}", number))
    if world.chance(0.2):
        layer.value["generatorOptions"] = {"labels": {"all": world.fresh()}}


@feature
def generators_merged(world: World) -> None:
    kind = world.random.choice(["configMapGenerator", "secretGenerator"])
    number = world.fresh("")
    name = f"merged{number}{world.tag}"
    world.base.add(kind, _literals(world, world.base, kind, name, number))
    layer = world.random.choice([world.middle, world.overlay, world.component])
    again = _literals(world, layer, kind, name, number)
    layer.add(kind, again | {"behavior": world.random.choice(["merge", "replace"])})
    for value in (world.middle.value, world.overlay.value):
        value.pop("namespace", None)


@feature
def references(world: World) -> None:
    """Names that follow their objects: prefixes, suffixes, hashes."""
    each, number = _workload(world), world.fresh("")
    name = f"used{number}{world.tag}"
    world.base.add("configMapGenerator", {"name": name, "literals": [f"key={world.fresh()}"]})
    _containers(each)[0].setdefault("envFrom", []).append({"configMapRef": {"name": name}})
    which = world.random.choice([world.middle, world.overlay])
    which.value["namePrefix"] = f"{world.fresh('r')}-"


@feature
def replacements(world: World) -> None:
    source, target = world.one("ConfigMap"), _workload(world)
    entry: _Object = {
        "source": {"kind": source["kind"], "name": source["metadata"]["name"], "fieldPath": "data.host"}
    }
    select: _Object = {"kind": target["kind"]}
    wanted: _Object = {"select": select}
    container = "spec.template.spec.containers.[name=main]"
    which = world.random.choice(["plain", "create", "delimiter", "index", "reject", "all", "key"])
    if which == "plain":
        wanted["fieldPaths"] = [f"{container}.env.[name=TWO].value"]
    elif which == "create":
        wanted |= {"fieldPaths": ["metadata.annotations.made"], "options": {"create": True}}
    elif which == "delimiter":
        wanted |= {
            "fieldPaths": [f"{container}.image"],
            "options": {"delimiter": ":", "index": world.random.choice([0, 1])},
        }
    elif which == "index":
        entry["source"] |= {"options": {"delimiter": ".", "index": world.random.choice([0, 1])}}
        wanted["fieldPaths"] = ["metadata.annotations.owner", f"{container}.env.0.value"]
    elif which == "reject":
        wanted |= {"fieldPaths": ["metadata.annotations.note"], "reject": [{"name": f"api{world.tag}"}]}
    elif which == "all":
        wanted["fieldPaths"] = ["spec.template.spec.containers.*.args.1"]
    else:
        wanted["fieldPaths"] = ["metadata.annotations.[dotted.key/x]"]
    entry["targets"] = [wanted]
    layer = world.layer()
    if world.chance(0.2):
        name = world.file(layer, f"{world.fresh('replace')}.yaml", written(world, [entry]))
        layer.add("replacements", {"path": name})
    else:
        layer.add("replacements", entry)


@feature
def component(world: World) -> None:
    patch = _changes(world, world.one())
    world.component.add("patches", {"patch": Text(written(world, patch))})
    extra: _Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"extra{world.tag}"}}
    world.files["component/extra.yaml"] = written(world, extra | {"data": {"extra": world.fresh()}})
    world.component.add("resources", "extra.yaml")


@feature
def nested(world: World) -> None:
    """Another base, below the overlay's own."""
    name = f"other{world.tag}"
    other: _Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    world.files["other/thing.yaml"] = written(world, other | {"data": {"deep": world.fresh()}})
    world.files["other/inner/kustomization.yaml"] = "resources: [../thing.yaml]\n".replace("../", "")
    world.files["other/inner/thing.yaml"] = world.files.pop("other/thing.yaml")
    world.files["other/kustomization.yaml"] = "resources: [inner]\nnameSuffix: -n\n"
    world.middle.add("resources", "../other")


@feature
def list_file(world: World) -> None:
    items = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"item{n}{world.tag}"},
            "data": {"n": n},
        }
        for n in ("x", "y")
    ]
    kind = world.random.choice(["List", "ConfigMapList"])
    world.files["base/list.yaml"] = written(world, {"apiVersion": "v1", "kind": kind, "items": items})
    world.base.add("resources", "list.yaml")


@feature
def json_file(world: World) -> None:
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"json{world.tag}"}}
    text = json.dumps(value | {"data": {"é": "ü", "quote": 'a "b" \\ c', "n": world.fresh()}}, indent=1)
    world.files["base/thing.json"] = text
    world.base.add("resources", "thing.json")


@feature
def anchors(world: World) -> None:
    world.files["base/anchors.yaml"] = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: anchors{world.tag}\n"
        f"  annotations: &all {{x: {world.fresh()}, y: &y {world.fresh()}}}\n"
        f"  labels: *all\ndata:\n  same: *y\n  tagged: !!str 12\n  more: &z 'quoted'\n  again: *z\n"
    )
    world.base.add("resources", "anchors.yaml")


@feature
def duplicates(world: World) -> None:
    """Keys written twice; only files that Kustomize reads leniently may have them."""
    world.overlay.add(
        "patches",
        {
            "target": {"kind": "ConfigMap", "name": f"settings{world.tag}"},
            "patch": Text('[{"op": "add", "path": "/data/twice", "value": "first", "value": "last"}]'),
        },
    )


@feature
def flow(world: World) -> None:
    world.writing.add("flow")


@feature
def windows(world: World) -> None:
    world.writing.add("crlf")


@feature
def texts(world: World) -> None:
    world.writing.add("texts")


# How files are written


class Text(str):
    """A document inside a document."""

    __slots__ = ()


def written(world: World, value: Any) -> str:
    """A YAML document; in block style, or partly in flow style, with scalars in several styles."""
    return "# käse: a comment\n" * world.chance(0.2) + "".join(
        f"{line}\n" for line in _block(world, value, 0)
    )


def _block(world: World, value: Any, depth: int) -> list[str]:
    lines: list[str] = []
    if isinstance(value, dict) and value:
        for key, child in value.items():
            lines += _field(world, f"{_key(key)}:", child, depth)
    elif isinstance(value, list) and value:
        for child in value:
            inner = _block(world, child, depth + 2) if _nested(world, child) else []
            if inner and inner[0].lstrip().startswith("#"):
                inner = inner[1:]
            if inner:
                lines += [f"{' ' * depth}- {inner[0].lstrip()}", *inner[1:]]
            else:
                lines += _field(world, "-", child, depth)
    else:
        lines.append(" " * depth + _flow(world, value))
    return lines


def _nested(world: World, child: Any) -> bool:
    often = 0.5 if "flow" in world.writing else 0.9
    return isinstance(child, dict | list) and bool(child) and world.chance(often)


def _field(world: World, start: str, child: Any, depth: int) -> list[str]:
    indent = " " * depth
    if isinstance(child, Text):
        return [f"{indent}{start} {_embedded(world, child, depth)}"]
    if start != "-" and _nested(world, child):
        more = 0 if isinstance(child, list) and world.chance() else 2
        return [f"{indent}{start}", *_block(world, child, depth + more)]
    if isinstance(child, str) and child and "texts" in world.writing and world.chance(0.3):
        style = world.random.choice(["|", "|-", ">-", ">"])
        if style[-1] == "-" or start.startswith("note"):
            return [f"{indent}{start} {style}", f"{indent}  {child}"]
    return [f"{indent}{start} {_flow(world, child)}" + "  # why" * world.chance(0.05)]


def _embedded(world: World, text: Text, depth: int) -> str:
    """A document as a block scalar; on one line where it is short and in flow style."""
    if text.startswith("[") and world.chance():
        return "'" + text.replace("'", "''") + "'"
    style = world.random.choice(["|", "|-", "|+"])
    lines = text.rstrip("\n").split("\n")
    return "\n".join([style, *(" " * (depth + 2) + line for line in lines)])


def _flow(world: World, value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}: {_flow(world, v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(world, each) for each in value) + "]"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return _scalar(world, value)


def _scalar(world: World, text: str) -> str:
    plain = text and all(c.isalnum() or c in "-_./~äöüß" for c in text) and text[0] not in "-.~"
    plain = (
        plain and not text[0].isdigit() and text.lower() not in ("y", "n", "yes", "no", "on", "off", "true")
    )
    style = world.random.choice(["plain", "plain", "single", "double"])
    if plain and style == "plain":
        return text
    if style != "double" and "'" not in text and "\n" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _key(key: str) -> str:
    return key if key.replace("$", "").replace("/", "").replace(".", "").isalnum() else json.dumps(key)


# A whole overlay


def _base_objects(world: World) -> list[_Object]:
    tag = world.tag
    objects = [_stateless(world, f"api{tag}"), _settings(tag)]
    optional = [
        _stateless(world, f"web{tag}"),
        _stateful(world, f"db{tag}"),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"api{tag}"},
            "spec": {"selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": 8080}, {"port": 81}]},
        },
        {
            "apiVersion": "example.org/v1",
            "kind": "Widget",
            "metadata": {"name": f"thing{tag}", "labels": {"tier": "back", "app": "x"}},
            "spec": {
                "parts": [{"name": "left", "size": "1"}, {"name": "right", "size": "2"}],
                "colour": "red",
                "deep": {"a": "1", "b": "2"},
            },
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"net{tag}"},
            "spec": {
                "podSelector": {"matchLabels": {"app": "api"}},
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}],
            },
        },
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": f"api{tag}"},
            "spec": {
                "maxReplicas": 5,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"api{tag}"},
            },
        },
    ]
    return objects + world.random.sample(optional, world.random.randint(1, 3))


def _settings(tag: str) -> _Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"settings{tag}"},
        "data": {"host": "db.example.org", "one": "1", "two": "zwei", "text": "some words: here"},
    }


def _pod(world: World, name: str) -> _Object:
    tag = world.tag
    main: _Object = {
        "name": "main",
        "image": world.random.choice(
            ["app:1.0", "registry.example:5000/team/tool:2", "app@sha256:" + "0" * 64]
        ),
        "args": ["--flag", "value"],
        "env": [
            {"name": "ONE", "value": "1"},
            {"name": "TWO", "value": "two"},
            {
                "name": "THREE",
                "valueFrom": {"configMapKeyRef": {"name": f"settings{tag}", "key": "one"}},
            },
        ],
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "protocol": "UDP"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    containers = [main, {"name": "side", "image": "side", "args": ["a", "b"]}][: world.random.randint(1, 2)]
    return {
        "metadata": {"labels": {"app": name, "tier": "front"}},
        "spec": {
            "containers": containers,
            "tolerations": [{"key": "old", "operator": "Exists"}],
            "volumes": [{"name": "data", "emptyDir": {}}],
            "topologySpreadConstraints": [
                {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}
            ],
        },
    }


def _stateless(world: World, name: str) -> _Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "labels": {"app": name, "tier": "front"},
            "annotations": {"note": "first", "owner": "team", "dotted.key/x": "y"},
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": _pod(world, name),
        },
    }


def _stateful(world: World, name: str) -> _Object:
    made = _stateless(world, name) | {"kind": "StatefulSet"}
    made["spec"]["serviceName"] = name
    made["spec"]["volumeClaimTemplates"] = [
        {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "slow"}}
    ]
    return made


def make(features: frozenset[str], random: Random, tag: str, folder: Path) -> Path:
    """Write an overlay with these features into a folder; its objects' names end in a tag of their own."""
    base, middle, component, top = (Layer(name, {}) for name in ("base", "middle", "component", "overlay"))
    world = World(random, tag, [], base, middle, component, top)
    world.component.value = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
    world.objects = _base_objects(world)
    for name in ("flow", "windows", "texts"):
        if name in features:
            FEATURES[name](world)
    for name in FEATURES:
        if name in features:
            FEATURES[name](world)
            if world.chance(0.3):
                FEATURES[name](world) if name in _REPEATED else None
    _base_files(world)
    world.middle.value = {"resources": ["../base"]} | _joined(world.middle, "../base")
    world.overlay.value = {"resources": ["../middle"]} | world.overlay.value
    if len(world.component.value) > 2:
        world.overlay.value["components"] = ["../component"]
        world.files["component/kustomization.yaml"] = written(world, world.component.value)
    for layer in (world.base, world.middle, world.overlay):
        world.files[f"{layer.folder}/kustomization.yaml"] = written(world, layer.value)
    for name, text in world.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ends = "\r\n" if "crlf" in world.writing else "\n"
        path.write_bytes(text.replace("\n", ends).encode())
    return folder / "overlay"


_REPEATED = frozenset(
    {
        "merge-file",
        "merge-inline",
        "merge-target",
        "json-patch",
        "images",
        "replicas",
        "labels",
        "replacements",
    }
)


def _joined(layer: Layer, first: str) -> _Object:
    return {**layer.value, "resources": [first, *layer.value.get("resources", [])]}


def _base_files(world: World) -> None:
    """The base's objects, each in a file of its own, or several in one."""
    several = world.random.sample(world.objects, 2)
    for number, each in enumerate(world.objects):
        if each not in several:
            world.files[f"base/object{number}.yaml"] = written(world, each)
            world.base.add("resources", f"object{number}.yaml")
    world.files["base/several.yaml"] = "---\n".join(written(world, each) for each in several)
    world.base.add("resources", "several.yaml")


def _case(number: int) -> tuple[frozenset[str], int]:
    """Three to five features to combine, and the seed of everything else."""
    random = Random(number)
    return frozenset(random.sample(sorted(FEATURES), random.randint(3, 5))), number


def drawn(count: int, start: int) -> list[tuple[frozenset[str], int]]:
    """So many cases, the same for the same start."""
    found: list[tuple[frozenset[str], int]] = []

    @seed(start)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32).map(_case))
    def collect(case: tuple[frozenset[str], int]) -> None:
        found.append(case)

    collect()
    return found
