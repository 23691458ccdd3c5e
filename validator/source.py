"""From a field of a rendered object to the place in the files that a person can change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from validator.finding import NOWHERE, Address, Evidence, Finding, Source
from validator.kustomization import Kustomization, SourceTree, as_origin
from validator.manifest import Resource
from validator.replay.origins import Located, Origins


@dataclass
class Sources:
    """Where the objects of a target come from: the tree of an overlay, or the plain files themselves."""

    resources: list[Resource]
    tree: SourceTree | None = None

    @cached_property
    def origins(self) -> Origins:
        """The overlay's objects made again with the place of each value, once a place is asked for."""
        assert self.tree is not None
        return Origins(self.tree.replayed, self.resources)

    @property
    def kustomizations(self) -> tuple[Kustomization, ...]:
        """The kustomizations that an overlay is made of; none for plain files."""
        return () if self.tree is None else self.tree.layers

    def began(self, resource: Resource) -> Source:
        """The document or generator's entry that an overlay's object began as."""
        made = None if self.tree is None else self.origins.object(resource)
        return NOWHERE if made is None else made.origin

    def made_at(self, place: Source) -> Resource | None:
        """The object that began at a place."""
        for resource in self.resources:
            if replace(self.began(resource), certainty=place.certainty) == place:
                return resource
        return None

    def locate(self, address: Address) -> Source:
        return self.trace(address).source

    def trace(self, address: Address) -> Located:
        """The place that set a field, and what it overrode; of an absent field, its nearest present parent.

        What an overlay's sources do not prove is shown at the document that the object began as.
        """
        if address.source is not None:
            return Located(address.source)
        if address.object is None:
            if self.tree is not None and self.tree.kustomizations:
                return Located(Source(self.tree.kustomizations[0], 1, 1, certainty="origin"))
            return Located(NOWHERE)
        resource = self.resources[address.object.index]
        if self.tree is not None:
            found = self.origins.locate(resource, address.path)
            return Located(self.tree.origin(address.object)) if found.source is NOWHERE else found
        path = (*resource.base, *address.path)
        return Located(resource.document.locate(path) if path else resource.document.source)

    def place(self, findings: Iterable[Finding], fixes: Mapping[str, str]) -> tuple[Finding, ...]:
        """The findings, object by object, with their lines, related places' lines and each rule's advice."""
        return tuple(
            replace(
                finding,
                source=(found := self.trace(finding.address)).source,
                overrides=found.overridden,
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
