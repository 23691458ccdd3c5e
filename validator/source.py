"""From a field of a rendered object to the place in the files that a person can change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from validator.finding import NOWHERE, Address, Evidence, Finding, Source
from validator.kustomization import SourceTree, as_origin
from validator.manifest import Resource


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the objects of a target come from: the tree of an overlay, or the plain files themselves."""

    resources: list[Resource]
    tree: SourceTree | None = None

    def locate(self, address: Address) -> Source:
        """Plain YAML gives the exact place of a field, an overlay the document the object began as."""
        if address.object is None:
            if self.tree is not None and self.tree.kustomizations:
                return Source(self.tree.kustomizations[0], 1, 1, certainty="origin")
            return NOWHERE
        if self.tree is not None:
            return self.tree.origin(address.object)
        resource = self.resources[address.object.index]
        path = (*resource.base, *address.path)
        return resource.document.locate(path) if path else resource.document.source

    def place(self, findings: Iterable[Finding], fixes: Mapping[str, str]) -> tuple[Finding, ...]:
        """The findings, object by object, with their lines, related places' lines and each rule's advice."""
        return tuple(
            replace(
                finding,
                source=self.locate(finding.address),
                related=tuple(replace(r, source=self.locate(r.address)) for r in finding.related),
                fix=fixes[finding.rule],
            )
            for finding in sorted(findings, key=_object_first)
        )

    def prove(self, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
        """Evidence with the lines of its objects."""
        return tuple(
            e
            if e.object is None or e.source is not NOWHERE
            else replace(e, source=as_origin(self.locate(Address(e.object))))
            for e in evidence
        )


def _object_first(finding: Finding) -> int:
    """Findings of one object together: its document is then composed once."""
    return finding.address.object.index if finding.address.object else -1
