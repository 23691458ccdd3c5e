#!/bin/sh
# Writes one logical backup of the database and deletes those that are too old.
#
#   BACKUP_DIR/20261123T021500Z/    start of the dump, UTC
#     database.dump                 pg_dump -Fc
#     roles.sql                     roles and memberships, without passwords: a restore into an empty server needs them
#     versions.txt                  PostgreSQL and every extension: TimescaleDB restores into its own version only
#     contents.txt                  pg_restore --list
#     SHA256SUMS                    of the four files
#
# Everything is written to a hidden folder, read back, and renamed when it is complete: a folder with a date for a
# name is a backup that can be restored. Whatever goes wrong, the exit is not 0 and no earlier backup is touched.
#
# Environment: BACKUP_DIR, DATABASE_URL_FILE (a file with a postgresql:// URL), RETENTION_DAYS, RETENTION_MINIMUM.
# Shell and tools: POSIX sh, as BusyBox has them.
set -eu
umask 027
export LC_ALL=C

: "${BACKUP_DIR:?}" "${DATABASE_URL_FILE:?}"
retention_days=${RETENTION_DAYS:-7}
retention_minimum=${RETENTION_MINIMUM:-3}

log() {
  echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) database-backup: $*"
}

fail() {
  log "FAILED: $*" >&2
  exit 1
}

for number in "$retention_days" "$retention_minimum"; do
  case $number in
    '' | *[!0-9]*) fail "RETENTION_DAYS and RETENTION_MINIMUM are whole numbers" ;;
  esac
done
[ "$retention_minimum" -ge 1 ] || fail "RETENTION_MINIMUM must be at least 1: the last good backup always stays"
[ -d "$BACKUP_DIR" ] || fail "$BACKUP_DIR is not a folder"
[ -r "$DATABASE_URL_FILE" ] || fail "$DATABASE_URL_FILE cannot be read"

# One at a time on this claim: a Job started by hand would otherwise delete the running one's unfinished folder.
exec 9>"$BACKUP_DIR/.lock"
flock -n 9 || fail "another backup is writing to $BACKUP_DIR, or a restore reads from it"

connection=$(mktemp -d)
unfinished=
child=

clean_up() {
  if [ -n "$child" ]; then
    kill "$child" 2>/dev/null || :
    wait "$child" 2>/dev/null || :
  fi
  rm -rf "$connection"
  [ -z "$unfinished" ] || rm -rf "$unfinished"
}
trap clean_up EXIT
trap 'log "FAILED: stopped by a signal" >&2; exit 143' TERM INT HUP

# In the background, since a shell handles a signal only between commands, and a dump takes hours.
run() {
  "$@" &
  child=$!
  status=0
  wait "$child" || status=$?
  child=
  return "$status"
}

awk -v section=backup -f "$(dirname "$0")/libpq-service.awk" <"$DATABASE_URL_FILE" >"$connection/service.conf" ||
  fail "the database URL cannot be used"
export PGSERVICEFILE="$connection/service.conf" PGSERVICE=backup
export PGAPPNAME=database-backup PGCONNECT_TIMEOUT=10

ask() {
  psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1"
}

# Left by a run that was killed without a signal that a shell can catch.
rm -rf "$BACKUP_DIR"/.unfinished-* "$BACKUP_DIR"/.expired-*

name=$(date -u +%Y%m%dT%H%M%SZ)
backup=$BACKUP_DIR/$name
[ ! -e "$backup" ] || fail "$backup is there already"
unfinished=$BACKUP_DIR/.unfinished-$name
mkdir "$unfinished"

ask "
  SELECT 'database=' || current_database()
  UNION ALL SELECT 'postgresql=' || split_part(current_setting('server_version'), ' ', 1)
  UNION ALL SELECT 'timescaledb=' ||
    coalesce((SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), 'none')
  UNION ALL (SELECT 'extension.' || extname || '=' || extversion FROM pg_extension ORDER BY extname)
" >"$unfinished/versions.txt" || fail "the database does not answer"
pg_dump --version | sed 's/^pg_dump (PostgreSQL) \([^ ]*\).*/pg_dump=\1/' >>"$unfinished/versions.txt"
database=$(sed -n 's/^database=//p' "$unfinished/versions.txt")
log "dumping $database, $(sed -n 2,3p "$unfinished/versions.txt" | tr '\n' ' ')"

# --compress=1: gzip's fastest level. The dump's length is how long its snapshot holds VACUUM back.
# --lock-wait-timeout, in ms: give up, and be retried, rather than queue behind a migration and everybody behind us.
run pg_dump --no-password --format=custom --compress=1 --lock-wait-timeout=300000 \
  --file="$unfinished/database.dump" || fail "pg_dump"
run pg_dumpall --no-password --roles-only --no-role-passwords --database="$database" \
  --file="$unfinished/roles.sql" || fail "pg_dumpall"

# --list reads the table of contents only, which a dump that was cut short still has; so all of it is read as well.
run pg_restore --list --file="$unfinished/contents.txt" "$unfinished/database.dump" || fail "the dump has no contents"
run pg_restore --file=/dev/null "$unfinished/database.dump" || fail "the dump cannot be read back"

(cd "$unfinished" && sha256sum contents.txt database.dump roles.sql versions.txt >SHA256SUMS) || fail "sha256sum"
sync # on the disk before the name says that it is
mv "$unfinished" "$backup"
unfinished=
sync
size=$(wc -c <"$backup/database.dump")
log "wrote $backup: $size bytes, $(grep -c ' TABLE DATA ' "$backup/contents.txt" || :) tables with data"

# Retention: by the date in the name, only among complete backups, newest first, never the newest RETENTION_MINIMUM.
complete_backups() {
  for folder in "$BACKUP_DIR"/[0-9]*T[0-9]*Z; do
    [ -s "$folder/database.dump" ] && [ -s "$folder/SHA256SUMS" ] && echo "${folder##*/}"
  done | sort -r
}

largest=0
for kept in $(complete_backups); do
  kept_size=$(wc -c <"$BACKUP_DIR/$kept/database.dump")
  [ "$kept_size" -le "$largest" ] || largest=$kept_size
done
if [ $((size * 2)) -lt "$largest" ]; then
  # An emptied database dumps very well. Its dumps must not push the good ones out.
  log "WARNING: less than half of the largest kept backup ($largest bytes): nothing is deleted until a person looks" >&2
else
  oldest=$(date -u -d "@$(($(date -u +%s) - retention_days * 86400))" +%Y%m%dT%H%M%SZ)
  complete_backups | awk -v minimum="$retention_minimum" -v oldest="$oldest" \
    'NR > minimum && $0 "" < oldest "" { print }' >"$connection/expired"
  while read -r expired; do
    mv "$BACKUP_DIR/$expired" "$BACKUP_DIR/.expired-$expired" # in one step: never half a backup under a good name
    rm -rf "$BACKUP_DIR/.expired-$expired"
    log "deleted $expired, older than $retention_days days"
  done <"$connection/expired"
fi
log "done: $(complete_backups | wc -l | tr -d ' ') backups kept, $(df -Pk "$BACKUP_DIR" | awk 'NR == 2 { printf "%d MiB free", $4 / 1024 }')"
