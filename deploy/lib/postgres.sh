# shellcheck shell=bash
# A private PostgreSQL: a Unix socket in a folder that only its user can enter, no TCP port, never run as root. Sourced after common.sh.

postgres_bin=/usr/lib/postgresql/15/bin
postgres_pid=0

# postgres_start USER FOLDER SOCKETS DURABLE [SETTING=VALUE ...]: makes the cluster in FOLDER/data the first time and starts it as USER.
# SOCKETS is a short path: the kernel takes 107 bytes. DURABLE=no for databases that are thrown away.
postgres_start() {
  local user=$1 folder=$2 sockets=$3 durable=$4
  shift 4
  local settings=(listen_addresses= unix_socket_permissions=0700 timezone=UTC log_timezone=UTC jit=off max_connections=100
    "unix_socket_directories=$sockets") options=() setting
  if [[ $durable == no ]]; then
    settings+=(fsync=off synchronous_commit=off full_page_writes=off)
  fi
  settings+=("$@")
  if [[ ! -s $folder/data/PG_VERSION ]]; then
    local sync=()
    [[ $durable == yes ]] || sync=(--no-sync)
    # Trust is safe here: who can reach the socket is its owner or root already.
    run_as "$user" "$folder" "$postgres_bin/initdb" -D "$folder/data" -U postgres -E UTF8 --locale=C.UTF-8 -A trust \
      --no-instructions "${sync[@]}" >"$folder/initdb.log" || die "initdb failed, see $folder/initdb.log"
  fi
  for setting in "${settings[@]}"; do
    options+=(-c "$setting")
  done
  # In a session of its own: Ctrl-C in the terminal must not reach the database before its clients.
  (exec_as "$user" "$folder" setsid "$postgres_bin/postgres" -D "$folder/data" "${options[@]}") \
    </dev/null >>"$folder/postgres.log" 2>&1 &
  postgres_pid=$!
  wait_until 60 "$postgres_pid" "$postgres_bin/pg_isready" -q -h "$sockets" -U postgres ||
    die "PostgreSQL did not start, see $folder/postgres.log"
}

postgres_stop() {
  if ((postgres_pid != 0)); then stop_process PostgreSQL "$postgres_pid" INT 20; fi
  postgres_pid=0
}

# test_postgres_start [SETTING=VALUE ...]: a PostgreSQL for tests and benchmarks, thrown away at the end. Exports
# APIARY_TEST_POSTGRES, the superuser's connection string.
test_postgres_start() {
  local user
  user=$(id -un)
  ((EUID != 0)) || user=postgres
  test_postgres_folder=$(mktemp -d /tmp/apiary-pg-XXXXXX)
  mkdir -m 0700 "$test_postgres_folder/s"
  chmod 0711 "$test_postgres_folder"
  chown -R "$user" "$test_postgres_folder"
  postgres_start "$user" "$test_postgres_folder" "$test_postgres_folder/s" no "$@"
  export APIARY_TEST_POSTGRES="host=$test_postgres_folder/s user=postgres dbname=postgres"
}
test_postgres_stop() {
  postgres_stop
  [[ -z ${test_postgres_folder:-} ]] || rm -rf --one-file-system "$test_postgres_folder"
}
