"""Container image references, split as container runtimes split them.

Grammar: https://pkg.go.dev/github.com/distribution/reference (first component with a dot, a colon
or `localhost` is the registry; a colon after the last slash starts the tag).
"""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Image:
    """`registry` and `name` are as a runtime resolves them (`docker.io`, `library/redis`)."""

    text: str
    registry: str
    name: str
    tag: str | None
    digest: str | None

    @property
    def repository(self) -> str:
        return f"{self.registry}/{self.name}"

    @property
    def version(self) -> str:
        """What the reference pins: tag and digest as written, `latest` when it says neither."""
        version = self.tag or ("" if self.digest else "latest")
        return f"{version}@{self.digest}" if self.digest else version

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def parse_image(text: str) -> Image:
    rest, _, digest = text.partition("@")
    head, slash, tail = rest.rpartition("/")
    last, colon, tag = tail.partition(":")
    name = f"{head}{slash}{last}"
    first, slash, remainder = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, name = first, remainder
    else:
        registry = "docker.io"
        if not slash:
            name = f"library/{name}"
    return Image(text, registry, name, tag if colon else None, digest or None)
