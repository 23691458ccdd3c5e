"""The certificates and keys of a control plane, by openssl."""

import subprocess
from pathlib import Path

_NAMES = "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"


def make(folder: Path) -> None:
    """Authorities, a server certificate for loopback, the front proxy's, and the service accounts' key."""
    for authority in ("ca", "front-ca"):
        _key(folder, authority)
        _openssl(
            folder,
            *("req", "-x509", "-new", "-key", f"{authority}.key", "-days", "2"),
            *("-subj", f"/CN={authority}", "-out", f"{authority}.crt"),
        )
    _signed(folder, "server", "ca", "kube-apiserver", f"{_NAMES}\nextendedKeyUsage=serverAuth\n")
    _signed(folder, "front", "front-ca", "front-proxy", "extendedKeyUsage=clientAuth\n")
    _key(folder, "accounts")
    _openssl(folder, "ec", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")


def _signed(folder: Path, name: str, authority: str, subject: str, extensions: str) -> None:
    _key(folder, name)
    (folder / f"{name}.ext").write_text(extensions)
    _openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={subject}", "-out", f"{name}.csr")
    _openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key"),
        *("-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt"),
    )


def _key(folder: Path, name: str) -> None:
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)
