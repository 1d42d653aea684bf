#!/usr/bin/env bash
# Prints the path of a redis-server: the one on PATH, else one unpacked from the packages of this Debian or Ubuntu into
# .services/redis. Installs nothing and needs no root. Says on stderr why there is none to be had, and then exits with 1.
# FORCE_UNPACK=1 passes over the one on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
services=$PWD/.services
unpacked=$services/redis/usr/bin/redis-server

if [[ -z ${FORCE_UNPACK:-} ]] && command -v redis-server; then exit 0; fi
if [[ -x $unpacked ]]; then echo "$unpacked" && exit 0; fi
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  echo "there is neither a redis-server on PATH nor apt-get to get one (on macOS: brew install redis)" >&2
  exit 1
fi

# Under a name of its own until it is whole: two test runs may be at it at once.
mkdir -p "$services"
work=$(mktemp -d "$services/get-redis-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,root,debs}
options=(-qq -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status=/var/lib/dpkg/status
  -o Dir::Cache="$work/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::http::Timeout=20 -o Acquire::Retries=2)
{
  apt-get "${options[@]}" update &&
    packages=$(apt-get "${options[@]}" --simulate --no-install-recommends install redis-server | awk '/^Inst/ { print $2 }') &&
    (cd "$work/debs" && apt-get "${options[@]}" download $packages) &&
    for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done
} >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  echo "apt-get could not get a redis-server: $(tail -n 1 "$work/log")" >&2
  exit 1
}
mv -T "$work/root" "$services/redis" 2>/dev/null || [[ -x $unpacked ]] || {
  echo "$unpacked is not there after unpacking the packages of redis-server" >&2
  exit 1
}
echo "$unpacked"
