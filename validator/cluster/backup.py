"""Which databases there are, and what backs them up.

A CronJob backs a database up when a container of it runs a tool of that database's kind (pg_dump, mysqldump,
mongodump …), in its command or in a script of a mounted ConfigMap, and it leads to this database: by the host
that it names, by a Secret that both use, or by an egress policy that names the database's pods. Objects of
backup operators count too.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from validator.cluster.index import Cluster
from validator.cluster.script import PodScript
from validator.cluster.secrets import Consumer
from validator.cluster.selector import Selector
from validator.cluster.view import View
from validator.cluster.workload import Container, Workload
from validator.manifest import dig, mapping, sequence, string


@dataclass(frozen=True, slots=True)
class Engine:
    """A kind of database: last components of its image names, and the programs that back it up."""

    name: str
    images: frozenset[str]
    tools: tuple[str, ...]


def _engine(name: str, images: str, tools: str) -> Engine:
    return Engine(name, frozenset(images.split()), tuple(tools.split(",")))


ENGINES = (
    _engine(
        "postgres",
        "postgres postgresql timescaledb timescaledb-ha postgis pgvector spilo",
        "pg_dump,pg_dumpall,pg_basebackup,pgbackrest,wal-g,wal-e,barman,barman-cloud-backup,pg_probackup",
    ),
    _engine(
        "mysql",
        "mysql mysql-server mariadb percona percona-server",
        "mysqldump,mariadb-dump,mysqlpump,mydumper,mysqlsh,xtrabackup,mariabackup,mariadb-backup,wal-g",
    ),
    _engine(
        "mongodb",
        "mongo mongodb mongodb-community-server percona-server-mongodb",
        "mongodump,pbm,wal-g",
    ),
    _engine("clickhouse", "clickhouse clickhouse-server", "clickhouse-backup"),
    _engine("influxdb", "influxdb", "influx backup,influxd backup"),
)
"""Databases whose backup can be recognised. Redis and the like are caches as often as not: not asked."""

REMOTE_TOOLS = frozenset(
    {"pgbackrest", "wal-g", "wal-e", "barman", "barman-cloud-backup", "pbm", "clickhouse-backup"}
)
"""Programs that keep their backups in a repository of their own."""

_IMAGE = re.compile(
    r"(?P<engine>postgres|pg|timescale|mysql|mariadb|mongo(?:db)?|clickhouse|influx(?:db)?)\w*-"
    r"(?:[\w-]*-)?(?:backup|dump)|(?:backup|dump)\w*-(?:[\w-]*-)?(?P<after>postgres|pg|mysql|mariadb|mongo)"
)
"""Images that are made for backups and bring their own script: postgres-backup-s3, mysql-backup …"""
_ENGINE_WORDS = {"pg": "postgres", "timescale": "postgres", "mariadb": "mysql", "mongo": "mongodb"}


@dataclass(frozen=True, slots=True)
class Dump:
    """A container that makes backups, and with what."""

    container: Container
    engine: Engine
    tool: str


def engine_of(workload: Workload) -> Engine | None:
    """The kind of database that a StatefulSet runs."""
    if workload.kind != "StatefulSet":
        return None
    for container in workload.containers:
        image = container.image if container.is_long_running() else None
        last = image.name.rpartition("/")[2] if image else ""
        for engine in ENGINES:
            if last in engine.images:
                return engine
    return None


def dumps(workload: Workload) -> list[Dump]:
    """The containers of a CronJob's pods that make backups."""
    if workload.kind != "CronJob":
        return []
    script = script_of(workload)
    found: list[Dump] = []
    for container in workload.containers:
        text = script.text(container)
        for engine in ENGINES:
            tool = next((tool for tool in engine.tools if script.runs(text, tool)), None)
            if tool is None and (match := _IMAGE.search(container.image.name if container.image else "")):
                word = match["engine"] or match["after"]
                named = _ENGINE_WORDS.get(word, word)
                tool = f"image {container.image}" if engine.name.startswith(named) else None
            if tool is not None:
                found.append(Dump(container, engine, tool))
    return found


@lru_cache(maxsize=256)
def script_of(workload: Workload) -> PodScript:
    return PodScript(workload)


class OperatorSchedule(View):
    """An operator's object that makes backups by the clock."""

    kinds = (
        ("postgresql.cnpg.io", "ScheduledBackup"),
        ("velero.io", "Schedule"),
        ("k8up.io", "Schedule"),
        ("stash.appscode.com", "BackupConfiguration"),
    )

    @property
    def schedule(self) -> str:
        return string(self.spec.get("schedule")) or string(dig(self.spec, "backup", "schedule")) or ""

    @property
    def is_suspended(self) -> bool:
        return self.spec.get("suspend") is True or self.spec.get("paused") is True

    @property
    def database(self) -> str | None:
        """The database that it names, when it names one."""
        if self.resource.group == "postgresql.cnpg.io":
            return string(dig(self.spec, "cluster", "name"))
        return string(dig(self.spec, "target", "ref", "name"))

    def covers(self, database: Workload) -> bool:
        match self.resource.group:
            case "velero.io":
                return self._velero(database)
            case "k8up.io":  # every claim of its namespace
                return bool(self.schedule) and self.namespace == database.namespace
        return self.namespace == database.namespace and self.database == database.name

    def _velero(self, database: Workload) -> bool:
        """https://velero.io/docs/main/api-types/schedule/"""
        template = mapping(self.spec.get("template"))
        included = [str(name) for name in sequence(template.get("includedNamespaces"))]
        excluded = [str(name) for name in sequence(template.get("excludedNamespaces"))]
        if included and "*" not in included and database.namespace not in included:
            return False
        selector = template.get("labelSelector")
        chosen = selector is None or Selector.parse(selector).matches(database.labels)
        return chosen and database.namespace not in excluded


@dataclass(frozen=True, slots=True)
class Backup:
    """What backs a database up; `database=None` when that is not a workload of the render."""

    by: View
    tool: str
    name: str
    database: Workload | None
    suspended: bool
    schedule: str
    time_zone: str | None = None

    @property
    def when(self) -> str:
        """`at 03:15 (Etc/UTC)`; other schedules as they are written."""
        zone = f" ({self.time_zone})" if self.time_zone else ""
        fields = self.schedule.split()
        if len(fields) == 5 and fields[0].isdecimal() and fields[1].isdecimal() and fields[2:] == ["*"] * 3:
            return f"at {int(fields[1]):02}:{int(fields[0]):02}{zone}"
        return f"by schedule `{self.schedule}`{zone}"


class Backups:
    """All backups of a target."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.databases = [(w, engine) for w in cluster.workloads if (engine := engine_of(w))]
        self.dumping = [(w, found) for w in cluster.workloads if (found := dumps(w))]
        self.all = [*self._by_cron_jobs(), *self._by_operators()]

    def of(self, database: Workload) -> list[Backup]:
        return self._by_database.get(database.resource.ref.index, [])

    def made_by(self, job: Workload) -> list[Backup]:
        return self._by_job.get(job.resource.ref.index, [])

    def stray(self, engine: Engine) -> Workload | None:
        """A CronJob that runs a tool of a kind of database, and leads to none of the render."""
        return next((job for job, its in self._strays if its is engine), None)

    @cached_property
    def _by_database(self) -> dict[int, list[Backup]]:
        found: dict[int, list[Backup]] = defaultdict(list)
        for backup in self.all:
            if backup.database is not None:
                found[backup.database.resource.ref.index].append(backup)
        return found

    @cached_property
    def _by_job(self) -> dict[int, list[Backup]]:
        found: dict[int, list[Backup]] = defaultdict(list)
        for backup in self.all:
            found[backup.by.resource.ref.index].append(backup)
        return found

    @cached_property
    def _strays(self) -> list[tuple[Workload, Engine]]:
        found: dict[str, tuple[Workload, Engine]] = {}
        for job, made in self.dumping:
            if not any(backup.database for backup in self.made_by(job)):
                for dump in made:
                    found.setdefault(dump.engine.name, (job, dump.engine))
        return list(found.values())

    def _by_cron_jobs(self) -> Iterator[Backup]:
        for job, found in self.dumping:
            schedule = string(job.spec.get("schedule")) or ""
            zone, suspended = string(job.spec.get("timeZone")), job.spec.get("suspend") is True
            led = [(dump, database) for dump in found for database in self._led_to(job, dump.engine)]
            for dump, database in led:
                yield Backup(job, dump.tool, database.name, database, suspended, schedule, zone)
            if not led:
                yield Backup(job, found[0].tool, "an unknown database", None, suspended, schedule, zone)

    def _by_operators(self) -> Iterator[Backup]:
        for each in self._cluster.of(OperatorSchedule):
            covered = [database for database, _ in self.databases if each.covers(database)]
            more = (each.is_suspended, each.schedule)
            for database in covered:
                yield Backup(each, each.resource.group, database.name, database, *more)
            if not covered and each.database:
                yield Backup(each, each.resource.group, each.database, None, *more)

    def _led_to(self, job: Workload, engine: Engine) -> list[Workload]:
        """The databases that a CronJob reaches; what it says plainly comes before what it shares."""
        home = job.namespace
        hosts = script_of(job).hosts
        return (
            self._among(engine, (name for host in hosts for name in (host, f"{host}.{home}")), self._by_host)
            or self._among(engine, ((home, name) for name in self._secrets(job)), self._by_secret)
            or self._among(engine, (peers := self._peers(job)), {peer: [peer] for peer in peers})
        )

    def _among(
        self, engine: Engine, keys: Iterable[Hashable], index: Mapping[Any, list[Workload]]
    ) -> list[Workload]:
        """The databases of a kind that an index has under some keys, in the order of the render."""
        found = {
            w.resource.ref.index: w for key in keys for w in index.get(key, ()) if engine_of(w) is engine
        }
        return [found[position] for position in sorted(found)]

    @cached_property
    def _by_host(self) -> dict[str, list[Workload]]:
        """By `name.namespace` of each Service, and of the StatefulSet, whose pods are named after it."""
        found: dict[str, list[Workload]] = defaultdict(list)
        for database, _ in self.databases:
            for view in (database, *self._cluster.services_of(database)):
                found[f"{view.name}.{database.namespace}"].append(database)
        return found

    @cached_property
    def _by_secret(self) -> dict[tuple[str, str], list[Workload]]:
        found: dict[tuple[str, str], list[Workload]] = defaultdict(list)
        for database, _ in self.databases:
            for name in self._secrets(database):
                found[database.namespace, name].append(database)
        return found

    @cached_property
    def _consumers(self) -> dict[int, Consumer]:
        return {consumer.resource.ref.index: consumer for consumer in self._cluster.of(Consumer)}

    def _secrets(self, workload: Workload) -> list[str]:
        consumer = self._consumers[workload.resource.ref.index]
        return sorted({use.name for use in consumer.secrets() if use.how != "imagePullSecrets"})

    def _peers(self, job: Workload) -> list[Workload]:
        """The pods that policies let a Job out to by name: its declared flows, as the cluster sees them."""
        found: list[Workload] = []
        for policy in self._cluster.policies_of(job):
            rules = sequence(policy.spec.get("egress")) if "Egress" in policy.types else []
            for peer in (mapping(peer) for rule in rules for peer in sequence(mapping(rule).get("to"))):
                selector = Selector.parse(peer.get("podSelector"))
                if peer.get("namespaceSelector") is None and not selector.everything:
                    found += self._cluster.select(policy.namespace, selector)
        return found


@lru_cache(maxsize=1)
def backups(cluster: Cluster) -> Backups:
    return Backups(cluster)
