#!/usr/bin/env bash
# deploy/test --fresh: quickstart --headless --demo and the unit tests inside a minimal Debian 12 that never saw the project,
# as root and as a user whose home nobody else may enter and who may sudo. Everything happens below one folder of /var/tmp
# (or of $APIARY_FRESH_DIR) and in mount and process namespaces of its own: when they end, so do mounts and processes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if ((EUID != 0)); then
  exec sudo -- env "APIARY_FRESH_DIR=${APIARY_FRESH_DIR:-}" "$0" "$@"
fi

folder=$(mktemp -d "${APIARY_FRESH_DIR:-/var/tmp}/apiary-fresh-XXXXXX")
fresh=$folder/root
trap 'rm -rf --one-file-system "$folder"' EXIT

# The machine's own mirror for Debian 12, whatever other sources it has.
debian_sources() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    if [[ -f $file ]] && grep -qi '^suites:.*bookworm' "$file"; then
      # Keys come with the new root's own keyring.
      grep -v -i -e '^signed-by:' -e '^#' "$file" && echo
    fi
  done
  return 0
}
debian_lines() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n -E 's/^deb +(\[[^]]*\] +)?([^ ]+ +bookworm[^ ]* .*)/deb \2/p'
}

make_root() {
  step "Making a minimal Debian 12 in $fresh"
  local sources
  sources=$(debian_sources)
  [[ -n $sources ]] || sources=$(debian_lines)
  [[ -n $sources ]] || die "no package source for Debian 12 (bookworm) in /etc/apt"
  mmdebstrap --variant=minbase --include=sudo,ca-certificates --quiet bookworm "$fresh" - <<<"$sources"
  # Proxies and the like of this machine's apt.
  local proxy
  proxy=$(apt-config dump 2>/dev/null | grep -i '^Acquire::http' || true)
  [[ -z $proxy ]] || printf '%s\n' "$proxy" >"$fresh/etc/apt/apt.conf.d/90machine"
  cp --remove-destination /etc/resolv.conf /etc/hosts "$fresh/etc/"
}

# The tracked files as they are now, changes included.
copy_tree() {
  local target=$1
  mkdir -p "$target"
  git -C "$root" -c "safe.directory=$root" ls-files -z | (cd "$root" && xargs -0 cp --parents --target-directory="$target" --)
}

make_users() {
  copy_tree "$fresh/root/src/apiary"
  chroot "$fresh" useradd --create-home --shell /bin/bash ann
  echo 'ann ALL=(ALL) NOPASSWD: ALL' >"$fresh/etc/sudoers.d/ann"
  copy_tree "$fresh/home/ann/apiary"
  chroot "$fresh" chown -R ann:ann /home/ann
  chmod 0700 "$fresh/root" "$fresh/home/ann"
  # The second run finds what the first one compiled.
  mkdir -m 1777 "$fresh/var/cache/apiary-ccache"
}

# inside USER FOLDER COMMAND ...: in the new root, with its own /proc, /dev and /tmp.
inside() {
  local user=$1 home=$2
  shift 2
  # shellcheck disable=SC2016  # the inner shell expands it
  unshare --mount --pid --fork --kill-child --propagation private bash -c '
    set -e
    fresh=$1 user=$2 home=$3; shift 3
    mount -t proc proc "$fresh/proc"
    mount -t tmpfs -o mode=0755 tmpfs "$fresh/dev"
    mkdir "$fresh/dev/shm" "$fresh/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$fresh/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$fresh/dev/pts"
    for node in null zero full random urandom tty; do touch "$fresh/dev/$node"; mount --bind "/dev/$node" "$fresh/dev/$node"; done
    ln -s /proc/self/fd "$fresh/dev/fd"; ln -s fd/0 "$fresh/dev/stdin"; ln -s fd/1 "$fresh/dev/stdout"; ln -s fd/2 "$fresh/dev/stderr"
    ln -s pts/ptmx "$fresh/dev/ptmx"
    mount -t tmpfs -o mode=1777 tmpfs "$fresh/tmp"
    exec chroot "$fresh" setpriv --reuid="$user" --regid="$user" --init-groups \
      env -i HOME="$home" USER="$user" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        CCACHE_DIR=/var/cache/apiary-ccache CCACHE_UMASK=000 "$@"
  ' - "$fresh" "$user" "$home" "$@" </dev/null
}

no_cluster_of_the_distribution() {
  [[ -z $(find "$fresh/etc/postgresql" -name postgresql.conf 2>/dev/null) ]] || die "a cluster of the distribution was made"
}

play() {
  local user=$1 home=$2 clone=$3
  step "As $user: quickstart --headless --demo"
  inside "$user" "$home" "$clone/deploy/quickstart" --headless --demo
  no_cluster_of_the_distribution
  step "As $user: quickstart --headless --demo again, on the state of the first"
  inside "$user" "$home" "$clone/deploy/quickstart" --headless --demo
  step "As $user: the unit tests"
  inside "$user" "$home" "$clone/deploy/test" -LE 'system|net|fuzz'
  no_cluster_of_the_distribution
}

make_root
make_users
play root /root /root/src/apiary
play ann /home/ann /home/ann/apiary
step "Both commands pass on a Debian 12 that never saw the project, as root and as a user with a private home"
