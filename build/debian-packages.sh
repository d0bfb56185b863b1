#!/usr/bin/env bash
# Installs the Debian packages whose programs or files are missing; as root only, else it names them.
# usage: build/debian-packages.sh package:path [package:path ...]   (path: a program or a file of it)
set -euo pipefail

missing=()
for pair in "$@"; do
  package=${pair%%:*} path=${pair#*:}
  if [[ $path == /* ]]; then [[ -e $path ]] && continue; else command -v "$path" >/dev/null && continue; fi
  missing+=("$package")
done
((${#missing[@]})) || exit 0

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "missing on this machine: ${missing[*]} (Debian package names); install them and run again" >&2
  exit 1
fi

# Packages of servers start their service when they are installed; we want the programs only.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
install=(apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}")
"${install[@]}" >/dev/null 2>&1 || { apt-get -q -o DPkg::Lock::Timeout=300 update && "${install[@]}"; } >&2
