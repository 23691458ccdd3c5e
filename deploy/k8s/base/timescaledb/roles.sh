#!/bin/sh
# One role a service, none a superuser, none able to change the schema or to delete: migrations own the tables, and
# retention runs as their owner. User and password come from the URLs of db-credentials.
#
# The image runs this once, when the volume is new. It may run again at any time, and then sets the passwords anew:
#   kubectl exec timescaledb-0 -n trading -c timescaledb -- sh /docker-entrypoint-initdb.d/900-roles.sh
#
# In a subshell, because the image sources this file into its own.
(
  set -eu
  database=${POSTGRES_DB:-trading}
  superuser=${POSTGRES_USER:-postgres}
  urls=${ROLE_URLS:-/run/secrets/roles}

  # From standard input, and passwords by the environment: arguments can be read in /proc.
  sql() {
    psql --no-psqlrc --quiet --no-password --set ON_ERROR_STOP=1 --username "$superuser" --dbname "$database" "$@"
  }

  for role in migration api data_ingest signals risk_management backup exporter; do
    credentials=$(sed -n 's|^postgres[a-z]*://\([^@/]*\)@.*|\1|p' "$urls/$role")
    password=${credentials#*:}
    if [ "${credentials%%:*}" != "$role" ] || [ -z "$password" ] || [ "$password" = "$credentials" ]; then
      echo "roles.sh: the URL of $role must be postgresql://$role:PASSWORD@HOST/DATABASE" >&2
      exit 1
    fi
    case $password in
      *[!A-Za-z0-9._~-]*)
        echo "roles.sh: the password of $role may hold letters, digits and . _ ~ - only: it stands in a URL" >&2
        exit 1
        ;;
    esac
    ROLE=$role PASSWORD=$password sql <<'SQL'
\getenv role ROLE
\getenv password PASSWORD
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SELECT format('CREATE ROLE %I', :'role')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
SQL
  done

  sql --set database="$database" <<'SQL'
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO migration, api, data_ingest, signals, risk_management, backup, exporter;
GRANT CREATE, TEMPORARY ON DATABASE :"database" TO migration;
GRANT USAGE, CREATE ON SCHEMA public TO migration;
GRANT USAGE ON SCHEMA public TO api, data_ingest, signals, risk_management;
ALTER DEFAULT PRIVILEGES FOR ROLE migration IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE ON TABLES TO api, data_ingest, signals, risk_management;
ALTER DEFAULT PRIVILEGES FOR ROLE migration IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO api, data_ingest, signals, risk_management;
GRANT pg_read_all_data TO backup;
GRANT pg_monitor TO exporter;
SQL
)
