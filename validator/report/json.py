"""The machine-readable report; its shape is `docs/report.schema.json`."""

import hashlib
import json
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from validator.finding import Address, Evidence, Finding, ObjectRef, Related, Source, Unjudged, Verdict


def report(verdicts: list[Verdict]) -> str:
    """All verdicts as one JSON document, keys in a fixed order."""
    document = {"version": 1, "tool": tool(), "targets": [_target(v) for v in verdicts]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def tool() -> dict[str, str]:
    try:
        return {"name": "qt-validate", "version": version("qt-validate")}
    except PackageNotFoundError:
        return {"name": "qt-validate", "version": "unknown"}


def _target(verdict: Verdict) -> dict[str, Any]:
    renderer = verdict.renderer
    seen: Counter[str] = Counter()
    return {
        "target": verdict.target,
        "profile": verdict.profile,
        "renderer": None if renderer is None else {"name": renderer.name, "version": renderer.version},
        "complete": verdict.complete,
        "error": None if verdict.error is None else _error(verdict.error),
        "counts": dict(verdict.counts),
        "unchecked": list(verdict.unchecked),
        "notes": list(verdict.notes),
        "rules": [{"id": r.id, "status": r.status.value, "targets": r.targets} for r in verdict.rules],
        "findings": [_finding(f, seen) for f in verdict.findings],
        "checklist": [
            {
                "item": item.item,
                "title": item.title,
                "status": item.status.value,
                "evidence": [_evidence(e) for e in item.evidence],
            }
            for item in verdict.checklist
        ],
    }


def _error(error: Unjudged) -> dict[str, Any]:
    return {
        "message": error.message,
        "hint": error.hint,
        "source": source(error.source),
        "detail": error.detail,
    }


def _finding(finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    suppressed = finding.suppressed
    return {
        "rule": finding.rule,
        "severity": finding.severity.label,
        "message": finding.message,
        "object": object_of(finding.address.object),
        "container": finding.address.container,
        "path": list(finding.address.path),
        "source": source(finding.source),
        "overrides": [source(s) for s in finding.overrides],
        "related": [_related(r) for r in finding.related],
        "fix": finding.fix,
        "fingerprint": fingerprint(finding, seen),
        "suppressed": None
        if suppressed is None
        else {"by": suppressed.by, "reason": suppressed.reason, "expires": suppressed.expires},
    }


def fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Stable while lines move and other objects come and go: rule, object or file, field, and a count."""
    ref = finding.address.object
    parts = [finding.rule, *((ref.api_version, ref.kind, ref.namespace, ref.name) if ref else ())]
    place = finding.address.source
    parts += [*((place.file,) if place else ()), finding.address.container, *finding.address.path]
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def object_of(ref: ObjectRef | None) -> dict[str, Any] | None:
    if ref is None:
        return None
    return {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def source(source: Source) -> dict[str, Any]:
    return {
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "endLine": source.end_line,
        "endColumn": source.end_column,
        "certainty": source.certainty,
    }


def _related(related: Related) -> dict[str, Any]:
    address: Address = related.address
    return {
        "label": related.label,
        "object": object_of(address.object),
        "path": list(address.path),
        "source": source(related.source),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {"text": evidence.text, "object": object_of(evidence.object), "source": source(evidence.source)}
