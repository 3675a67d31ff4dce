# shellcheck shell=bash
# Installs what deploy/packages.txt lists. Sourced after common.sh.

# Prints the packages of the given groups, one a line.
packages_of() {
  local groups=" $* " name group
  while read -r name group _; do
    if [[ $name == [a-z]* && $groups == *" $group "* ]]; then
      printf '%s\n' "$name"
    fi
  done <"$root/deploy/packages.txt"
}

# Prints those of them that are not installed.
missing_of() {
  local name
  for name in $(packages_of "$@"); do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || printf '%s\n' "$name"
  done
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Debian starts a database of its own on port 5432 with the package. Nobody asked for one: without a cluster nothing is started.
install_postgresql() {
  local settings=/etc/postgresql-common/createcluster.conf
  apt_install postgresql-common || return 1
  as_root cp -p "$settings" "$settings.before-apiary"
  as_root sh -c "echo 'create_main_cluster = false' >>$settings"
  local status=0
  apt_install postgresql-15 || status=$?
  as_root mv "$settings.before-apiary" "$settings"
  return "$status"
}

# Installs the groups' packages that are missing. Shows first what apt would take away for them, and asks if there is somebody to ask.
install_packages() {
  local missing removed answer
  mapfile -t missing < <(missing_of "$@")
  ((${#missing[@]} > 0)) || return 0
  step "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  if ! apt-get -s install --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
    as_root apt-get update -q || die "apt-get update failed: are the package sources of Debian 12 reachable?"
  fi
  removed=$(apt-get -s install --no-install-recommends "${missing[@]}" | sed -n 's/^Remv \([^ ]*\).*/\1/p') ||
    die "apt knows no way to install these; deploy/packages.txt is for Debian 12"
  if [[ -n $removed ]]; then
    say "apt will REMOVE, because they conflict with these: ${removed//$'\n'/ }"
    if [[ -t 0 && -t 1 && -z ${CI:-} ]]; then
      read -r -p "Go on? [y/N] " answer
      [[ $answer == [yY]* ]] || die "stopped; nothing was changed"
    fi
  fi
  local others=() name
  for name in "${missing[@]}"; do
    if [[ $name != postgresql-15 ]]; then others+=("$name"); fi
  done
  if ((${#others[@]} > 0)); then
    apt_install "${others[@]}" || { as_root apt-get update -q && apt_install "${others[@]}"; } || die "apt-get install failed"
  fi
  if ((${#others[@]} < ${#missing[@]})); then
    install_postgresql || { as_root apt-get update -q && install_postgresql; } || die "installing postgresql-15 failed"
  fi
}

# download FOLDER PACKAGE: its .deb, by whoever may read the folder.
download() { (cd "$1" && apt-get download -q "$2"); }

# Puts Prometheus' own checker of figures into .build/tools: of Debian's package only this program, since installed it would
# start a server.
fetch_promtool() {
  local tools=$root/.build/tools folder name
  [[ ! -x $tools/promtool ]] || return 0
  step "Fetching promtool"
  mkdir -p "$tools"
  folder=$(mktemp -d "${TMPDIR:-/tmp}/apiary-XXXXXX")
  name=$(packages_of fetch)
  # With all packages there nobody has needed apt's lists yet, and they may be empty or old.
  download "$folder" "$name" || { as_root apt-get update -q && download "$folder" "$name"; } ||
    { rm -rf --one-file-system "$folder" && die "promtool cannot be fetched: apt-get download $name failed"; }
  dpkg-deb --fsys-tarfile "$folder/$name"_*.deb | tar -xO ./usr/bin/promtool >"$folder/promtool" ||
    { rm -rf --one-file-system "$folder" && die "there is no promtool in Debian's package $name"; }
  install -m 0755 "$folder/promtool" "$tools/promtool"
  rm -rf --one-file-system "$folder"
}
