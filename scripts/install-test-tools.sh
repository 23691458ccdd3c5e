#!/bin/sh
# Installs what tests/deploy needs and pip cannot give: promtool, PostgreSQL 15 (server and client) and busybox.
# Debian or Ubuntu, as root or with sudo. Starts no service, leaves what is already there alone, and is done in
# milliseconds when nothing is missing.
#
#   scripts/install-test-tools.sh           install what is missing
#   scripts/install-test-tools.sh --check   only say what is missing; exit 1 if anything is
set -eu

promtool=/usr/local/bin/promtool
postgres_bin=/usr/lib/postgresql/15/bin # where Debian keeps initdb and postgres, off the PATH

missing=
command -v promtool >/dev/null 2>&1 || missing="$missing promtool"
[ -x "$postgres_bin/initdb" ] || missing="$missing postgresql-15"
[ -x "$postgres_bin/pg_dump" ] || missing="$missing postgresql-client-15"
command -v busybox >/dev/null 2>&1 || missing="$missing busybox"

[ -n "$missing" ] || exit 0
if [ "${1-}" = --check ]; then
  echo "missing:$missing" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "install by hand:$missing (promtool comes with Prometheus; PostgreSQL's binaries go to $postgres_bin)" >&2
  exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "needs root or sudo to install:$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d
own_policy=
trap '[ -z "$own_policy" ] || $as_root rm -f "$policy"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Debian asks policy-rc.d before it starts a service; 101 means no. A policy that is already there stays.
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$work/policy-rc.d"
  $as_root install -m 0755 "$work/policy-rc.d" "$policy"
  own_policy=yes
fi

packages=
for tool in $missing; do
  [ "$tool" = promtool ] || packages="$packages $tool"
done

$as_root apt-get update -qq
if [ -n "$packages" ]; then
  # shellcheck disable=SC2086 # several words on purpose
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages
fi
case $missing in
  *promtool*)
    # promtool is one static-enough binary inside the prometheus package: taken out of it, so that no Prometheus
    # server, user or unit comes along.
    chmod 0755 "$work" # apt's download user must be able to read it
    ( # in a subshell: "$0" below may be a relative path
      cd "$work"
      apt-get download -qq prometheus
      dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
    )
    $as_root install -m 0755 "$work/usr/bin/promtool" "$promtool"
    ;;
esac
"$0" --check
