"""A PostgreSQL 15 server in a temporary folder, and the database Jobs' programs, run as in their pod.

From Debian's packages (scripts/install-test-tools.sh), without TimescaleDB, which Debian does not have. The
programs run in BusyBox' shell with BusyBox' tools, as in the Alpine image, and as the user postgres when the
tests run as root, since the server refuses root.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.deploy.manifests import K8S

PROGRAMS = K8S / "jobs" / "scripts"
ROLES = K8S / "base" / "timescaledb" / "roles.sh"
INSTALLED = Path("/usr/lib/postgresql/15")
SHARED = Path("/usr/share/postgresql/15")
BUSYBOX = shutil.which("busybox") or "busybox"

ROLE_NAMES = ("migration", "api", "data_ingest", "signals", "risk_management", "backup", "exporter")


def user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def run(
    *command: str | Path, env: dict[str, str] | None = None, check: bool = True, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """As the user postgres; `env` is the whole environment."""
    owner = user()
    more = {"user": owner, "group": owner, "extra_groups": []} if owner else {}
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        env=env or {"PATH": os.environ["PATH"]},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
        **more,
    )
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def own(path: Path) -> Path:
    """Hands a new folder or file over to the user who runs the server."""
    if owner := user():
        entry = pwd.getpwnam(owner)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


@dataclass(frozen=True)
class Server:
    """`home` holds the data, the socket, BusyBox' tools, the roles' URLs and the folder of backups."""

    home: Path

    @property
    def path(self) -> str:
        return f"{self.home / 'bin'}:{self.home / 'usr/lib/postgresql/15/bin'}"

    @property
    def backups(self) -> Path:
        return self.home / "backups"

    def url(self, role: str) -> Path:
        """A file with the URL of a role, as Kubernetes mounts it."""
        return self.home / "urls" / role

    def start(self) -> None:
        assert shutil.which("busybox"), "run scripts/install-test-tools.sh"
        assert (INSTALLED / "bin/initdb").exists(), "run scripts/install-test-tools.sh"
        # A copy, which finds its shared files beside itself, so that an extension can be added to it alone.
        copy = self.home / "usr" / "lib" / "postgresql" / "15"
        shutil.copytree(INSTALLED / "bin", copy / "bin")
        (copy / "lib").symlink_to(INSTALLED / "lib")
        shared = self.home / "usr" / "share" / "postgresql" / "15"
        shared.mkdir(parents=True)
        for each in SHARED.iterdir():
            if each.name != "extension":
                (shared / each.name).symlink_to(each)
        shutil.copytree(SHARED / "extension", shared / "extension")

        for folder in ("bin", "socket", "urls", "backups", "tmp"):
            (self.home / folder).mkdir()
            own(self.home / folder)
        run(BUSYBOX, "--install", "-s", self.home / "bin")
        # Alpine builds BusyBox with flock, Debian without: util-linux' takes the same options.
        if not (self.home / "bin/flock").exists():
            (self.home / "bin/flock").symlink_to(shutil.which("flock") or "/usr/bin/flock")
        data = self.home / "data"
        run(
            copy / "bin/initdb",
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "-D",
            data,
        )
        options = f"-c listen_addresses= -c unix_socket_directories={self.home / 'socket'} -c fsync=off"
        run(copy / "bin/pg_ctl", "--wait", "-D", data, "-o", options, "-l", self.home / "log", "start")
        host = quote(str(self.home / "socket"), safe="")
        for role in ("postgres", *ROLE_NAMES):
            self.url(role).write_text(f"postgresql://{role}:dev-only-{role}@{host}/trading\n")
            own(self.url(role))
        self.sql("CREATE DATABASE trading", database="postgres")
        self.make_roles()

    def stop(self) -> None:
        pg_ctl = self.home / "usr/lib/postgresql/15/bin/pg_ctl"
        run(pg_ctl, "--mode=fast", "-D", self.home / "data", "stop", check=False)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": self.path,
            "PGHOST": str(self.home / "socket"),
            "TMPDIR": str(self.home / "tmp"),
            **more,
        }

    def make_roles(self) -> None:
        """By the script that the image runs when its volume is new."""
        run(BUSYBOX, "sh", ROLES, env=self.environment(ROLE_URLS=str(self.home / "urls")))

    def sql(self, statement: str, database: str = "trading", role: str = "postgres") -> str:
        psql = ("psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", database)
        return run(*psql, env=self.environment(), stdin=statement).stdout.strip()

    def program(self, name: str, role: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A Job's container: its program with the environment that the manifest gives it."""
        whole = self.environment(BACKUP_DIR=str(self.backups), DATABASE_URL_FILE=str(self.url(role)), **env)
        del whole["PGHOST"]
        return run(BUSYBOX, "sh", PROGRAMS / name, env=whole, check=False)
