"""Field of a kustomization is spelled in another case, which Kustomize takes in silence and others do not.

`nameprefix` is applied as if it were `namePrefix`, while any other misspelling is refused. Editors,
`kustomize edit`, deploy tools that read the file, and a reader who searches for the field do not find it;
two spellings may stand side by side, and one of them wins.
https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/kustomization.go

Fix: Write the field as Kustomize documents it.

Bad:
    # file: kustomization.yaml
    resources: [service.yaml]
    nameprefix: blue-  # finding
    # file: service.yaml
    kind: Service
    spec: {ports: [{port: 80}]}
Good:
    # file: kustomization.yaml
    resources: [service.yaml]
    namePrefix: blue-
    # file: service.yaml
    kind: Service
    spec: {ports: [{port: 80}]}
"""

from validator.fields import misspelled
from validator.kustomization import Kustomization
from validator.rule import Findings, Severity, rule


@rule(Severity.ERROR)
def misspelled_field(kustomization: Kustomization) -> Findings:
    for path, name in misspelled(kustomization.value):
        yield kustomization.at(*path), f"`{path[-1]}` is spelled `{name}`"
