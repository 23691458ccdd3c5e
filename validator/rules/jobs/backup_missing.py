"""Nothing backs this database up, so a lost volume or a wrong DELETE loses the data for good.

A StatefulSet with the image of PostgreSQL (TimescaleDB), MySQL (MariaDB), MongoDB, ClickHouse or InfluxDB
needs a CronJob that runs a tool of that database (pg_dump, pg_basebackup, mysqldump, mongodump …), in its
command or in a script of a ConfigMap that it mounts, and that leads to this database: it names one of its
Services as host, or uses a Secret that the database uses too, or has an egress policy that names the
database's pods. Schedules of Velero, K8up, Stash and CloudNativePG count too. What is suspended does not.
https://www.postgresql.org/docs/current/backup.html

Fix: Add a CronJob that dumps the database to a volume of its own or to an object store, and test the restore.

Bad:
    kind: StatefulSet  # finding
    metadata: {name: db}
    spec: {template: {spec: {containers: [{name: db, image: "postgres:17.2"}]}}}
    ---
    kind: Service
    metadata: {name: db}
    spec: {selector: {app.kubernetes.io/name: db}, ports: [{port: 5432}]}
    ---
    kind: CronJob
    metadata: {name: backup}
    spec: {suspend: true, jobTemplate: {spec: {template: {spec: {containers: [
      {name: backup, image: "postgres:17.2", command: [pg_dump, --host=db, --file=/backup/db.dump],
       volumeMounts: [{name: backup, mountPath: /backup}]},
    ], volumes: [{name: backup, persistentVolumeClaim: {claimName: backup}}]}}}}}
Good:
    kind: StatefulSet
    metadata: {name: db}
    spec: {template: {spec: {containers: [{name: db, image: "postgres:17.2"}]}}}
    ---
    kind: Service
    metadata: {name: db}
    spec: {selector: {app.kubernetes.io/name: db}, ports: [{port: 5432}]}
    ---
    kind: CronJob
    metadata: {name: backup}
    spec: {suspend: false, jobTemplate: {spec: {template: {spec: {containers: [
      {name: backup, image: "postgres:17.2", command: [pg_dump, --host=db, --file=/backup/db.dump],
       volumeMounts: [{name: backup, mountPath: /backup}]},
    ], volumes: [{name: backup, persistentVolumeClaim: {claimName: backup}}]}}}}}
"""

from validator.cluster import Workload
from validator.cluster.backup import Backups, backups, dumps, engine_of
from validator.rule import Fault, Findings, Related, Severity, rule


def _is_database(workload: Workload) -> bool:
    return engine_of(workload) is not None


@rule(Severity.ERROR, item=7, prod=True, neighbours=True, when=_is_database)
def backup_missing(workload: Workload) -> Findings:
    known = backups(workload.cluster)
    own = known.of(workload)
    if any(not backup.suspended for backup in own):
        return
    if own:
        yield Fault(
            workload.at(),
            f"{own[0].by} would back it up with {own[0].tool} {own[0].when}, but is suspended",
            related=(Related("is suspended", own[0].by.at("spec")),),
        )
        return
    yield Fault(workload.at(), _nothing(workload, known))


def _nothing(database: Workload, known: Backups) -> str:
    engine = engine_of(database)
    assert engine is not None
    services = ", ".join(str(s) for s in database.cluster.services_of(database)) or "no Service of it"
    if stray := known.stray(engine):
        tool = next(dump.tool for dump in dumps(stray) if dump.engine is engine)
        return (
            f"{stray} runs {tool}, but neither names this database ({services}) as host, nor uses a Secret "
            "of it, nor has an egress policy that names its pods"
        )
    tools = ", ".join(engine.tools[:3])
    return f"no CronJob runs {tools} or the like against this {engine.name} database ({services})"
