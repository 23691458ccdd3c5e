"""Backup is written only to storage that goes with the pod, so it is gone when the Job has ended.

An `emptyDir`, a generic ephemeral volume and the container's own file system are deleted with the pod. The
backup must lie on another volume (a claim, say), or a container of the pod must send it elsewhere (aws s3,
rclone, mc, gsutil, az, restic, a tool with a repository of its own such as pgbackrest or wal-g …). The paths
are those that the tool and redirections name, with the variables that the environment or the script sets. A
database that another CronJob backs up for good is not reported.
https://kubernetes.io/docs/concepts/storage/volumes/#emptydir

Fix: Write the backup to a PersistentVolumeClaim of its own, or upload it in the same Job.

Bad:
    kind: CronJob
    spec: {jobTemplate: {spec: {template: {spec: {containers: [
      {name: backup, image: "postgres:17.2", command: [pg_dump, --host=db, --file=/backup/db.dump],
       volumeMounts: [{name: backup, mountPath: /backup}]},
    ], volumes: [
      {name: backup, emptyDir: {sizeLimit: 1Gi}},  # finding
    ]}}}}}
Good:
    kind: CronJob
    spec: {jobTemplate: {spec: {template: {spec: {containers: [
      {name: backup, image: "postgres:17.2", command: [pg_dump, --host=db, --file=/backup/db.dump],
       volumeMounts: [{name: backup, mountPath: /backup}]},
    ], volumes: [
      {name: backup, persistentVolumeClaim: {claimName: backup}},
    ]}}}}}
"""

from validator.cluster import Workload
from validator.cluster.backup import backups, dumps
from validator.cluster.destination import Destination, destination_of
from validator.rule import Findings, Severity, rule


def _backs_up(workload: Workload) -> bool:
    return bool(dumps(workload)) and workload.spec.get("suspend") is not True


@rule(Severity.ERROR, item=7, prod=True, neighbours=True, when=_backs_up)
def backup_ephemeral(workload: Workload) -> Findings:
    found = destination_of(workload)
    if found is None or _is_kept_otherwise(workload):
        return
    yield found.at, _message(found)


def _message(found: Destination) -> str:
    path = f"{found.path}, " if found.path else ""
    where = f"{found.tool} writes to {path}{found.on}"
    return f"{where}, which is deleted with the pod, and no command sends it elsewhere"


def _is_kept_otherwise(job: Workload) -> bool:
    """Whether something else backs up all that this Job does."""
    known = backups(job.cluster)
    databases = [b.database for b in known.made_by(job) if b.database is not None]
    return bool(databases) and all(
        any(
            b.by.resource is not job.resource
            and not b.suspended
            and not (isinstance(b.by, Workload) and destination_of(b.by) is not None)
            for b in known.of(database)
        )
        for database in databases
    )
