# shellcheck shell=bash
# What quickstart, test and bench share: words for the user, rights, processes, ports. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# configure_and_build PRESET [TARGET ...]: quiet about what is found, a line of progress while it compiles.
configure_and_build() {
  local preset=$1 targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  mkdir -p "$root/.build"
  cd "$root" || return 1
  cmake --preset "$preset" >".build/$preset.log" 2>&1 || {
    cat ".build/$preset.log"
    die "configuring failed"
  }
  cmake --build --preset "$preset" "${targets[@]}"
}

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command as root: directly, or by sudo, which asks for the password if it must.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "this needs root, and there is no sudo: run as root:  $*"
  fi
}

# Runs a command as another user with a clean environment; as ourselves unless we are root. Replaces the (sub)shell,
# so that in the background $! is the command's own pid.
exec_as() {
  local user=$1 home=$2
  shift 2
  cd / || exit 1
  local clean=(env -i "HOME=$home" "PATH=$PATH" LC_ALL=C.UTF-8 TZ=UTC)
  if ((EUID == 0)); then
    exec setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups "${clean[@]}" "$@"
  fi
  exec "${clean[@]}" "$@"
}
run_as() { (exec_as "$@"); }

# Succeeds if something listens on PORT, whatever the address. Asks the kernel: a connection would be a visit to a service of ours.
port_taken() {
  local hex
  printf -v hex ':%04X' "$1"
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

# Sets `port` to the first free one from PORT on, and says so when it is another.
declare -A picked_ports=()  # nobody listens there yet, but what was picked is not picked twice
pick_port() {
  local what=$1 wanted=$2
  port=$wanted
  while [[ -n ${picked_ports[$port]:-} ]] || port_taken "$port"; do
    port=$((port + 1))
    ((port < wanted + 100)) || die "no free port for $what between $wanted and $port"
  done
  picked_ports[$port]=$what
  ((port == wanted)) || say "port $wanted is taken: $what listens on $port"
}

has_ipv6() { grep -qs '^0\{31\}1 ' /proc/net/if_inet6; }

# Waits until a command succeeds; false when SECONDS have passed or the process PID (0: none) has ended.
wait_until() {
  local seconds=$1 pid=$2
  shift 2
  local deadline=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    ((pid == 0)) || kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.1
  done
}

# Ends one process of ours: SIGNAL, then SIGKILL after SECONDS. Says when it had to.
stop_process() {
  local what=$1 pid=$2 signal=$3 seconds=$4
  kill -0 "$pid" 2>/dev/null || return 0
  kill "-$signal" "$pid" 2>/dev/null
  local deadline=$((SECONDS + seconds))
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      say "$what did not stop within $seconds s: killed"
      kill -KILL "$pid" 2>/dev/null
      break
    fi
    sleep 0.1
  done
  wait "$pid" 2>/dev/null || true
}
