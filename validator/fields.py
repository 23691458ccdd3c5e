"""The fields of a kustomization as Kustomize declares them (api/types), and those that it reads all the same.

It decodes with Go's encoding/json, which takes a field in any case. Below a field stand its own fields;
`None` is a scalar, or a map whose keys are the user's.
"""

from collections.abc import Iterator
from typing import Any

from validator.finding import Path

Shape = dict[str, Any]


def _plain(words: str) -> Shape:
    return dict.fromkeys(words.split())


_GVK = _plain("group version kind")
_SELECTOR = _plain("group version kind name namespace labelSelector annotationSelector")
_PATCH: Shape = {
    **_plain("path patch"),
    "target": _SELECTOR,
    "options": _plain("allowNameChange allowKindChange"),
}
_GENERATOR_OPTIONS = _plain("labels annotations disableNameSuffixHash immutable")
_GENERATOR: Shape = {
    **_plain("namespace name behavior literals files envs env type"),
    "options": _GENERATOR_OPTIONS,
}
_IMAGE = _plain("name newName tagSuffix newTag digest")
_VALUE_OPTIONS = _plain("delimiter index encoding create")
_REPLACEMENT: Shape = {
    **_plain("path sourceValue"),
    "source": {**_GVK, **_plain("name namespace fieldPath"), "options": _VALUE_OPTIONS},
    "targets": {
        "select": _SELECTOR,
        "reject": _SELECTOR,
        "fieldPaths": None,
        "options": _VALUE_OPTIONS,
    },
}
_FIELD_SPEC = {**_GVK, **_plain("path create")}
_CHART = _plain(
    "name version repo releaseName namespace additionalValuesFiles valuesFile valuesInline valuesMerge "
    "includeCRDs skipHooks apiVersions kubeVersion nameTemplate skipTests debug devel"
)
FIELDS: Shape = {
    **_plain(
        "apiVersion kind metadata openapi namePrefix nameSuffix namespace commonLabels commonAnnotations "
        "patchesStrategicMerge resources components crds bases helmChartInflationGenerator configurations "
        "generators transformers validators buildMetadata"
    ),
    "labels": {**_plain("pairs includeSelectors includeTemplates"), "fields": _FIELD_SPEC},
    "patches": _PATCH,
    "patchesJson6902": _PATCH,
    "images": _IMAGE,
    "imageTags": _IMAGE,
    "replacements": _REPLACEMENT,
    "replicas": _plain("name count"),
    "vars": {
        "name": None,
        "objref": {**_GVK, **_plain("apiVersion name namespace")},
        "fieldref": _plain("fieldPath"),
    },
    "sortOptions": {"order": None, "legacySortOptions": _plain("orderFirst orderLast")},
    "configMapGenerator": _GENERATOR,
    "secretGenerator": _GENERATOR,
    "generatorOptions": _GENERATOR_OPTIONS,
    "helmGlobals": _plain("chartHome configHome"),
    "helmCharts": _CHART,
}


def misspelled(value: Any, shape: Shape | None = FIELDS, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """The fields of a kustomization that are spelled in another case, and their own spelling."""
    if shape is None:
        return
    if type(value) is list:
        for index, item in enumerate(value):
            yield from misspelled(item, shape, (*at, index))
    elif type(value) is dict:
        for key, child in value.items():
            name = key
            if key not in shape:
                name = next((known for known in shape if known.lower() == key.lower()), key)
                if name is not key:
                    yield (*at, key), name
            yield from misspelled(child, shape.get(name), (*at, key))
