"""The backup and restore programs themselves, run against a real server, and the manifests that run them.

TimescaleDB is not there: its part of a restore is proved by an extension of the same name that only writes
down when it was called. That a real hypertable comes back is not proved here.
"""

import fcntl
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.manifests import K8S, named, objects, of_kind, pod_spec, rendered
from tests.deploy.postgres import ROLE_NAMES, Server, own

FILES = ("contents.txt", "database.dump", "roles.sql", "versions.txt")

SCHEMA = """
SET ROLE migration;
CREATE TABLE ticks (
  venue text, sequence bigint, price numeric NOT NULL, at timestamptz, PRIMARY KEY (venue, sequence)
);
CREATE TABLE orders (id bigserial PRIMARY KEY, note text CHECK (note <> ''), tags text[]);
CREATE VIEW last_price AS SELECT venue, max(price) AS price FROM ticks GROUP BY venue;
"""

FILLED = """
TRUNCATE ticks, orders RESTART IDENTITY;
INSERT INTO ticks SELECT 'X' || i % 3, i, i / 7.0, '2026-11-23T00:00:00Z'::timestamptz + i * interval '1s'
  FROM generate_series(1, 5000) AS i;
INSERT INTO orders (note, tags)
  VALUES ('Müller, "quoted"', '{a,"b c"}'), (E'tab\\there', NULL), ('last', '{}');
"""

ROWS = """
SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM ticks t;
SELECT md5(string_agg(o::text, E'\\n' ORDER BY o::text)) FROM orders o;
SELECT last_value FROM orders_id_seq;
SELECT string_agg(v::text, ' ' ORDER BY v::text) FROM last_price v;
SELECT grantee, string_agg(privilege_type || ' ' || table_name, ',' ORDER BY privilege_type, table_name)
  FROM information_schema.role_table_grants WHERE table_schema = 'public' GROUP BY grantee ORDER BY grantee;
SELECT tableowner FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename;
"""


def backup(server: Server, **env: str) -> Path:
    """A successful one; its folder."""
    before = set(server.backups.iterdir())
    done = server.program("database-backup.sh", "backup", **env)
    assert done.returncode == 0, done.stderr
    (made,) = {p for p in server.backups.iterdir() if p.name[0].isdigit()} - before
    return made


def refused(server: Server, *words: str, **env: str) -> None:
    """The restore fails, says why, and leaves no database behind."""
    done = server.program("database-restore.sh", "postgres", **env)
    assert done.returncode != 0
    assert "FAILED" in done.stderr
    for word in words:
        assert word in done.stdout + done.stderr
    assert server.sql("SELECT count(*) FROM pg_database WHERE datname = 'trading_restored'") == "0"


def resigned(folder: Path) -> None:
    """Gives a changed backup fitting checksums again."""
    sums = [f"{hashlib.sha256((folder / f).read_bytes()).hexdigest()}  {f}\n" for f in FILES]
    (folder / "SHA256SUMS").write_text("".join(sums))


def copied(backup: Path, to: Path) -> Path:
    """A second backup, as good as the first."""
    shutil.copytree(backup, to)
    for each in (to, *to.iterdir()):
        own(each)
    return to


def emptied(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


@pytest.fixture(scope="session")
def database(server: Server) -> Server:
    """With tables that migrations own, as in the cluster."""
    server.sql(SCHEMA)
    return server


@pytest.fixture(scope="session")
def good(database: Server) -> Path:
    """A backup, made once."""
    database.sql(FILLED)
    emptied(database.backups)
    return backup(database).rename(database.home / "20261123T021500Z")


@pytest.fixture
def filled(database: Server) -> Server:
    """The same rows for every test, and no backup yet."""
    database.sql("DROP DATABASE IF EXISTS trading_restored WITH (FORCE);" + FILLED)
    emptied(database.backups)
    return database


@pytest.fixture
def made(filled: Server, good: Path) -> Path:
    """The good backup, in its place."""
    return copied(good, filled.backups / good.name)


def test_backup_holds_what_a_restore_needs(filled: Server) -> None:
    made = backup(filled)
    assert re.fullmatch(r"\d{8}T\d{6}Z", made.name)
    assert {path.name for path in made.iterdir()} == {*FILES, "SHA256SUMS"}
    sums = [line.split("  ") for line in (made / "SHA256SUMS").read_text().splitlines()]
    assert sums == [[hashlib.sha256((made / name).read_bytes()).hexdigest(), name] for name in FILES]
    versions = dict(line.split("=", 1) for line in (made / "versions.txt").read_text().splitlines())
    assert versions["database"] == "trading"
    assert versions["timescaledb"] == "none"
    assert versions["postgresql"].startswith("15.")
    assert versions["pg_dump"].startswith("15.")
    assert "TABLE DATA public ticks" in (made / "contents.txt").read_text()
    roles = (made / "roles.sql").read_text()
    assert "CREATE ROLE data_ingest;" in roles
    assert "SCRAM-SHA-256$" not in roles
    assert not list(filled.backups.glob(".unfinished-*"))


def test_backup_fails_without_a_database_and_touches_nothing(filled: Server, made: Path) -> None:
    url = filled.url("nobody")
    url.write_text("postgresql://backup:x@%2Fnowhere/trading\n")
    done = filled.program("database-backup.sh", "nobody")
    url.unlink()
    assert done.returncode != 0
    assert "the database does not answer" in done.stderr
    assert [p.name for p in filled.backups.iterdir() if p.is_dir()] == [made.name]


def test_retention_keeps_the_newest_and_those_of_a_week(filled: Server) -> None:
    good = backup(filled)
    for name in ("20200101T021500Z", "20200102T021500Z", "20200103T021500Z", "20200104T021500Z"):
        copied(good, filled.backups / name)
    (filled.backups / "20200105T021500Z").mkdir()  # never complete: counts for nothing
    good.rename(filled.backups / "20200106T021500Z")
    made = backup(filled, RETENTION_DAYS="7", RETENTION_MINIMUM="3")
    kept = sorted(p.name for p in filled.backups.iterdir() if p.is_dir())
    assert kept == ["20200104T021500Z", "20200105T021500Z", "20200106T021500Z", made.name]


def test_retention_deletes_nothing_when_the_dump_shrank(filled: Server) -> None:
    good = backup(filled)
    for name in ("20200101T021500Z", "20200102T021500Z", "20200103T021500Z"):
        copied(good, filled.backups / name)
    shutil.rmtree(good)
    filled.sql("TRUNCATE ticks, orders")
    done = filled.program("database-backup.sh", "backup", RETENTION_MINIMUM="1")
    assert done.returncode == 0
    assert "WARNING: less than half" in done.stderr
    assert len([p for p in filled.backups.iterdir() if p.is_dir()]) == 4


def test_restore_brings_every_row_back(filled: Server, made: Path) -> None:
    before = filled.sql(ROWS)
    filled.sql("DELETE FROM ticks WHERE sequence > 10")
    done = filled.program("database-restore.sh", "postgres")
    assert done.returncode == 0, done.stderr
    assert filled.sql(ROWS, database="trading_restored") == before
    assert filled.sql("SELECT count(*) FROM ticks") == "10", "the database in use was changed"
    assert filled.sql("SELECT datconnlimit FROM pg_database WHERE datname = 'trading_restored'") == "-1"
    # and once more: it never writes over what is there
    again = filled.program("database-restore.sh", "postgres")
    assert again.returncode != 0
    assert "is there already" in again.stderr
    assert filled.sql(ROWS, database="trading_restored") == before


def test_restored_database_takes_the_place_of_the_other(filled: Server, made: Path) -> None:
    """The statements of deploy/k8s/README.md, "Restore", as they stand there."""
    before = filled.sql(ROWS)
    assert filled.program("database-restore.sh", "postgres").returncode == 0
    text = (K8S / "README.md").read_text()
    (swap,) = re.findall(r"<<'SQL'\n(.*?)\nSQL\n", text, flags=re.DOTALL)
    filled.sql(swap, database="postgres")
    filled.make_roles()
    try:
        assert filled.sql(ROWS) == before
        assert filled.sql("SELECT count(*) FROM ticks", role="api") == "5000"
        assert filled.sql("SELECT datallowconn FROM pg_database WHERE datname = 'trading_before'") == "f"
    finally:
        filled.sql("DROP DATABASE trading_before", database="postgres")


def test_restore_takes_the_newest_or_the_one_named(filled: Server, made: Path) -> None:
    copied(made, filled.backups / "20200101T021500Z")
    newest = filled.program("database-restore.sh", "postgres", RESTORE_DATABASE="newest")
    named_one = filled.program(
        "database-restore.sh", "postgres", RESTORE_DATABASE="named", RESTORE_FROM="20200101T021500Z"
    )
    filled.sql("DROP DATABASE newest")
    filled.sql("DROP DATABASE named")
    assert f"restoring {made.name} " in newest.stdout
    assert "restoring 20200101T021500Z " in named_one.stdout


def test_corrupted_dump_is_refused(filled: Server, made: Path) -> None:
    dump = made / "database.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 0xFF
    dump.write_bytes(content)
    refused(filled, "database.dump: FAILED", "the checksums of")


def test_dump_cut_short_is_dropped_again(filled: Server, made: Path) -> None:
    """With checksums that fit, so that only pg_restore can notice."""
    dump = made / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-2000])
    resigned(made)
    refused(filled, "FAILED: pg_restore", "dropping the unfinished trading_restored")


@pytest.mark.parametrize("missing", [*FILES, "SHA256SUMS"])
def test_incomplete_backup_is_refused(filled: Server, made: Path, missing: str) -> None:
    (made / missing).unlink()
    refused(filled)


def test_file_without_a_checksum_is_refused(filled: Server, made: Path) -> None:
    sums = made / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.open() if "database.dump" not in line))
    refused(filled, "SHA256SUMS says nothing of database.dump")


def test_dump_of_a_newer_server_is_refused(filled: Server, made: Path) -> None:
    versions = made / "versions.txt"
    versions.write_text(re.sub(r"(?m)^postgresql=.*$", "postgresql=17.2", versions.read_text()))
    resigned(made)
    refused(filled, "the dump is of PostgreSQL 17.2")


def test_missing_role_is_named_before_anything_is_made(filled: Server, made: Path) -> None:
    roles = made / "roles.sql"
    roles.write_text(roles.read_text() + "CREATE ROLE auditor;\n")
    resigned(made)
    refused(filled, "role auditor is missing")


def test_server_without_the_dump_s_timescaledb_is_refused(filled: Server, made: Path) -> None:
    versions = made / "versions.txt"
    versions.write_text(versions.read_text().replace("timescaledb=none", "timescaledb=2.28.3"))
    resigned(made)
    refused(filled, "no TimescaleDB 2.28.3")


def test_backup_and_restore_do_not_meet(filled: Server) -> None:
    backup(filled)
    lock = filled.backups / ".lock"
    assert lock.exists()
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        restore = filled.program("database-restore.sh", "postgres")
        fcntl.flock(held, fcntl.LOCK_SH)
        second = filled.program("database-backup.sh", "backup")
    assert (restore.returncode, second.returncode) == (1, 1)
    assert "a backup is writing" in restore.stderr
    assert "or a restore reads from it" in second.stderr


@pytest.fixture
def stopped(filled: Server) -> Iterator[Callable[[str], None]]:
    """Puts a tool in the real one's place that has its Job stopped, as Kubernetes does, and would run on."""
    made: list[Path] = []

    def replace(tool: str) -> None:
        made.append(filled.home / "bin" / tool)
        made[-1].write_text("#!/bin/sh\n[ $# -gt 1 ] || exit 0\nsleep 1\nkill -TERM $PPID\nexec sleep 20\n")
        made[-1].chmod(0o755)

    yield replace
    for each in made:
        each.unlink()


def test_stopped_backup_leaves_nothing(filled: Server, made: Path, stopped: Callable[[str], None]) -> None:
    stopped("pg_dump")
    done = filled.program("database-backup.sh", "backup")
    assert done.returncode == 143
    assert "stopped by a signal" in done.stderr
    assert [each.name for each in filled.backups.iterdir() if each.is_dir()] == [made.name]


@pytest.mark.usefixtures("made")
def test_stopped_restore_leaves_nothing(filled: Server, stopped: Callable[[str], None]) -> None:
    stopped("pg_restore")
    refused(filled, "stopped by a signal", "dropping the unfinished trading_restored")


STAND_IN = """
CREATE TABLE public.timescaledb_calls (call text, tables bigint);
CREATE FUNCTION public.timescaledb_pre_restore() RETURNS bool LANGUAGE sql AS $$
  INSERT INTO public.timescaledb_calls
    SELECT 'pre', count(*) FROM pg_tables WHERE tablename = 'ticks' RETURNING true
$$;
CREATE FUNCTION public.timescaledb_post_restore() RETURNS bool LANGUAGE sql AS $$
  INSERT INTO public.timescaledb_calls
    SELECT 'post', count(*) FROM pg_tables WHERE tablename = 'ticks' RETURNING true
$$;
"""


def test_timescaledb_is_told_before_and_after(filled: Server) -> None:
    """By a stand-in for the extension: it is called on the target, around the restore, and nowhere else."""
    folder = filled.home / "usr/share/postgresql/15/extension"
    (folder / "timescaledb.control").write_text("default_version = '2.28.3'\nrelocatable = false\n")
    (folder / "timescaledb--2.28.3.sql").write_text(STAND_IN)
    filled.sql("CREATE EXTENSION timescaledb")
    try:
        made = backup(filled)
        assert "timescaledb=2.28.3" in (made / "versions.txt").read_text()
        done = filled.program("database-restore.sh", "postgres")
        assert done.returncode == 0, done.stderr
        calls = "SELECT call, tables FROM timescaledb_calls"
        assert filled.sql(calls, database="trading_restored") == "pre|0\npost|1"
        assert filled.sql(calls) == ""
        assert filled.sql(ROWS, database="trading_restored") == filled.sql(ROWS)
    finally:
        filled.sql("DROP EXTENSION timescaledb CASCADE")
        for each in folder.glob("timescaledb*"):
            each.unlink()


def test_services_roles_neither_delete_nor_change_the_schema(filled: Server) -> None:
    for role in ("api", "data_ingest", "signals", "risk_management"):
        may = "SELECT has_table_privilege('ticks', '{}')"
        answers = [
            filled.sql(may.format(p), role=role) for p in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        ]
        assert answers == ["t", "t", "t", "f", "f"]
        assert filled.sql("SELECT has_schema_privilege('public', 'CREATE')", role=role) == "f"
    assert filled.sql(f"SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname IN {ROLE_NAMES}") == "0"


def test_standalone_file_is_its_render() -> None:
    fix = "kubectl kustomize deploy/k8s/jobs/standalone > deploy/k8s/jobs/database-backup.yaml"
    assert (K8S / "jobs/database-backup.yaml").read_text() == rendered("jobs/standalone"), fix


def test_standalone_file_runs_what_prod_runs() -> None:
    alone = named("jobs/standalone", "CronJob", "database-backup")
    prod = named("overlays/prod", "CronJob", "database-backup")
    hashed = next(v["configMap"]["name"] for v in pod_spec(prod)["volumes"] if "configMap" in v)
    text = yaml.safe_dump(prod["spec"]).replace(hashed, "database-jobs")
    assert yaml.safe_load(text) == alone["spec"]
    claims = [
        named(f, "PersistentVolumeClaim", "database-backup")["spec"]
        for f in ("jobs/standalone", "overlays/prod")
    ]
    assert claims[0] == claims[1]


def test_restore_is_in_no_overlay_and_takes_nothing_along() -> None:
    """`kubectl delete -k` of a restore must not delete an object of an overlay."""
    own_objects = {(o["kind"], o["metadata"]["name"]) for o in objects("jobs/restore")}
    assert {kind for kind, _ in own_objects} == {"ConfigMap", "Job", "NetworkPolicy", "ServiceAccount"}
    for overlay in ("overlays/dev", "overlays/prod", "jobs/standalone"):
        assert not own_objects & {(o["kind"], o["metadata"]["name"]) for o in objects(overlay)}


def test_restore_runs_with_the_server_s_image_and_program() -> None:
    (job,) = of_kind("jobs/restore", "Job")
    (config,) = of_kind("jobs/restore", "ConfigMap")
    spec = pod_spec(job)
    assert "database-restore.sh" in config["data"]
    assert {"configMap": {"name": config["metadata"]["name"]}, "name": "scripts"} in spec["volumes"]
    server_pod = pod_spec(named("overlays/prod", "StatefulSet", "timescaledb"))
    assert spec["containers"][0]["image"] == server_pod["containers"][0]["image"]
