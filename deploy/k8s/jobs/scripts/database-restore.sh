#!/bin/sh
# Restores one backup of database-backup.sh into a new database beside the one in use. It changes nothing that is
# there; a person compares, and then swaps the names (deploy/k8s/README.md, "Restore").
#
# The checksums must fit, the server must be as new as the dump, TimescaleDB must have the dump's version, and every
# role that owns something must exist. Whatever goes wrong, the exit is not 0 and the new database is gone again.
#
# Environment: BACKUP_DIR, DATABASE_URL_FILE (a file with the administrator's postgresql:// URL), RESTORE_FROM (a
# folder of BACKUP_DIR, or `latest`), RESTORE_DATABASE (the new database's name).
# Shell and tools: POSIX sh, as BusyBox has them.
set -eu
umask 077
export LC_ALL=C

: "${BACKUP_DIR:?}" "${DATABASE_URL_FILE:?}"
from=${RESTORE_FROM:-latest}
target=${RESTORE_DATABASE:-trading_restored}

log() {
  echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) database-restore: $*"
}

fail() {
  log "FAILED: $*" >&2
  exit 1
}

case $target in
  '' | [!a-z]* | *[!a-z0-9_]*) fail "RESTORE_DATABASE may hold small letters, digits and _ only" ;;
esac
[ -d "$BACKUP_DIR" ] || fail "$BACKUP_DIR is not a folder"
[ -r "$DATABASE_URL_FILE" ] || fail "$DATABASE_URL_FILE cannot be read"

# Held until the end, so that no backup deletes what is being read. Copied backups come without the file.
if [ -e "$BACKUP_DIR/.lock" ]; then
  exec 9<"$BACKUP_DIR/.lock"
  flock -s -n 9 || fail "a backup is writing to $BACKUP_DIR"
fi

if [ "$from" = latest ]; then
  from=$(cd "$BACKUP_DIR" && for folder in [0-9]*T[0-9]*Z; do
    [ ! -s "$folder/SHA256SUMS" ] || echo "$folder"
  done | sort | tail -n 1)
  [ -n "$from" ] || fail "there is no complete backup in $BACKUP_DIR"
fi
case $from in
  */* | .*) fail "RESTORE_FROM names a folder of $BACKUP_DIR" ;;
esac
backup=$BACKUP_DIR/$from
[ -s "$backup/SHA256SUMS" ] || fail "$backup has no SHA256SUMS: no backup, or one that was never complete"

log "checking $backup"
for file in contents.txt database.dump roles.sql versions.txt; do
  grep -q "^[0-9a-f]\{64\}  $file\$" "$backup/SHA256SUMS" || fail "SHA256SUMS says nothing of $file"
done
(cd "$backup" && sha256sum -c SHA256SUMS) || fail "the checksums of $backup do not fit: damaged or changed"

connection=$(mktemp -d)
created=
child=

clean_up() {
  if [ -n "$child" ]; then
    kill "$child" 2>/dev/null || :
    wait "$child" 2>/dev/null || :
  fi
  if [ -n "$created" ]; then
    log "dropping the unfinished $target" >&2
    ask --command "DROP DATABASE IF EXISTS $target WITH (FORCE)" || log "$target could not be dropped" >&2
  fi
  rm -rf "$connection"
}
trap clean_up EXIT
trap 'log "FAILED: stopped by a signal" >&2; exit 143' TERM INT HUP

# In the background, since a shell handles a signal only between commands, and a restore takes hours.
run() {
  "$@" &
  child=$!
  status=0
  wait "$child" || status=$?
  child=
  return "$status"
}

awk -v section=restore -f "$(dirname "$0")/libpq-service.awk" <"$DATABASE_URL_FILE" >"$connection/service.conf" ||
  fail "the database URL cannot be used"
export PGSERVICEFILE="$connection/service.conf" PGSERVICE=restore
export PGAPPNAME=database-restore PGCONNECT_TIMEOUT=10

ask() {
  psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"
}

version() {
  sed -n "s/^$1=//p" "$backup/versions.txt"
}

server=$(ask --command "SELECT current_setting('server_version_num')::int / 10000") || fail "the server does not answer"
dumped=$(version postgresql)
[ "$server" -ge "${dumped%%.*}" ] || fail "the dump is of PostgreSQL $dumped, the server is only $server"

# pg_dump writes owners and grants by name. roles.sh makes these roles; a new server has them by itself.
sed -n 's/^CREATE ROLE "\{0,1\}\([^";]*\)"\{0,1\};$/\1/p' "$backup/roles.sql" >"$connection/roles"
while read -r role; do
  found=$(ask --set role="$role" <<'SQL'
SELECT count(*) FROM pg_roles WHERE rolname = :'role'
SQL
  ) || fail "the server's roles cannot be read"
  [ "$found" = 1 ] || fail "role $role is missing on the server: run roles.sh there first"
done <"$connection/roles"

[ "$(ask --command "SELECT count(*) FROM pg_database WHERE datname = '$target'")" = 0 ] ||
  fail "database $target is there already: drop it, or choose another name"

# Closed to everybody but superusers: nobody works with half a database.
ask --command "CREATE DATABASE $target TEMPLATE template0 CONNECTION LIMIT 0" || fail "CREATE DATABASE"
created=yes
ask --command "REVOKE ALL ON DATABASE $target FROM PUBLIC" || fail "REVOKE"

timescaledb=$(version timescaledb)
if [ "$timescaledb" != none ]; then
  # A dump of TimescaleDB goes into the same version only; upgrade afterwards.
  ask --dbname "$target" --command "CREATE EXTENSION timescaledb VERSION '$timescaledb'" ||
    fail "the server's image has no TimescaleDB $timescaledb: restore with the image of that version"
  # Stops the extension's own jobs and lets its tables be filled.
  ask --dbname "$target" --command "SELECT timescaledb_pre_restore()" >"$connection/answer" ||
    fail "timescaledb_pre_restore"
fi

log "restoring $from (PostgreSQL $dumped, TimescaleDB $timescaledb) into $target"
# One process: with several, TimescaleDB's own tables may be filled in the wrong order.
run pg_restore --no-password --exit-on-error --dbname="$target" "$backup/database.dump" || fail "pg_restore"

if [ "$timescaledb" != none ]; then
  ask --dbname "$target" --command "SELECT timescaledb_post_restore()" >"$connection/answer" ||
    fail "timescaledb_post_restore"
fi
log "collecting statistics, which no dump holds"
run ask --dbname "$target" --command "ANALYZE" || fail "ANALYZE"
ask --command "ALTER DATABASE $target CONNECTION LIMIT -1" || fail "ALTER DATABASE"
created=

tables=$(ask --dbname "$target" --command "SELECT count(*) FROM pg_stat_user_tables") || tables=?
log "done: $target has $tables tables. Compare, then swap the names: deploy/k8s/README.md, Restore"
