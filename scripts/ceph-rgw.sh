#!/usr/bin/env bash
# A real S3 for tests: the gateway of Ceph, out of the packages of this Debian, unpacked into .services/ceph. Installs nothing, needs no
# root, listens on the loopback only, keeps everything in memory. Runs a command beside it and ends it:
#
#   scripts/ceph-rgw.sh vitest run src/storage/s3.test.ts
#
# The command finds it in OXBOW_TEST_S3_URL. Exits with the command's own status; with 1, and why on stderr, where none can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
services=$PWD/.services
root=$services/ceph
libraries=usr/lib/$(uname -m)-linux-gnu

unpack() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || {
    echo "there is no apt-get to get the packages of Ceph with" >&2
    return 1
  }
  # Under a name of its own until it is whole: two may be at it at once.
  mkdir -p "$services"
  local work
  work=$(mktemp -d "$services/get-ceph-XXXXXX")
  mkdir -p "$work"/{lists/partial,cache/archives/partial,root,debs}
  local options=(-qq -o Dir::State="$work" -o Dir::State::lists="$work/lists" -o Dir::State::status=/var/lib/dpkg/status
    -o Dir::Cache="$work/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::http::Timeout=20 -o Acquire::Retries=2)
  # What the packages of Ceph want for machines with disks of their own.
  local unneeded='^(sudo|smartmontools|nvme-cli|xfsprogs|parted|dmidecode|gdisk|hdparm|cryptsetup-bin|lvm2|logrotate|uuid-runtime|dmeventd)$'
  {
    apt-get "${options[@]}" update &&
      packages=$(apt-get "${options[@]}" --simulate --no-install-recommends install ceph-mon ceph-osd radosgw |
        awk '/^Inst/ { print $2 }' | grep -vE "$unneeded") &&
      (cd "$work/debs" && apt-get "${options[@]}" download $packages) &&
      for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done
  } >"$work/log" 2>&1 || {
    echo "apt-get could not get the packages of Ceph: $(tail -n 1 "$work/log")" >&2
    rm -rf "$work"
    return 1
  }
  mv -T "$work/root" "$root" 2>/dev/null || true
  rm -rf "$work"
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

[[ -x $root/usr/bin/radosgw ]] || unpack
work=$(mktemp -d "${TMPDIR:-/tmp}/oxbow-ceph-XXXXXX")
pids=()
end() {
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT
mkdir -p "$work"/{mon,osd,run,log}
port=$(free_port)
mon=$(free_port)
fsid=$(cat /proc/sys/kernel/random/uuid)
osd=$(cat /proc/sys/kernel/random/uuid)
conf=$work/ceph.conf
cat >"$conf" <<EOF
[global]
fsid = $fsid
mon initial members = a
mon host = v1:127.0.0.1:$mon
ms bind msgr2 = false
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd crush chooseleaf type = 0
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = $work/run
admin socket = $work/run/\$name.asok
log file = $work/log/\$name.log
erasure code dir = $root/$libraries/ceph/erasure-code
osd erasure code plugins = jerasure
osd class dir = $root/$libraries/rados-classes
plugin dir = $root/$libraries/ceph
crash dir = $work/log
[mon.a]
mon data = $work/mon
[osd.0]
osd data = $work/osd
public addr = 127.0.0.1
cluster addr = 127.0.0.1
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $work/run
keyring =
EOF

# Only the programs of Ceph get its libraries.
library_path=$root/$libraries:$root/$libraries/ceph:$root/lib/$(uname -m)-linux-gnu
ceph() {
  local program=$1
  shift
  LD_LIBRARY_PATH=$library_path CEPH_CONF=$conf exec "$root/usr/bin/$program" "$@"
}
# Its command line is in Python, that of Debian.
ceph_command() {
  LD_LIBRARY_PATH=$library_path PYTHONPATH=$root/usr/lib/python3/dist-packages \
    timeout 30 /usr/bin/python3 "$root/usr/bin/ceph" -c "$conf" "$@"
}
start() {
  local name=$1
  shift
  (ceph "$@") >"$work/log/$name.out" 2>&1 &
  pids+=($!)
}
fail() {
  echo "Ceph did not start: $1" >&2
  tail -n 5 "$work"/log/*.out "$work"/log/*.log >&2 || true
  exit 1
}

(ceph monmaptool --create --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon]" "$work/monmap") >/dev/null
(ceph ceph-mon --mkfs -i a --monmap "$work/monmap" -c "$conf")
start mon ceph-mon -i a -c "$conf" -f
ceph_command -s >"$work/log/status.out" 2>&1 || fail "its monitor does not answer"
ceph_command osd new "$osd" 0 >/dev/null 2>&1
(ceph ceph-osd -i 0 --mkfs --osd-uuid "$osd" -c "$conf") 2>"$work/log/mkfs.out"
start osd ceph-osd -i 0 -c "$conf" -f
for _ in $(seq 60); do
  ceph_command osd stat 2>/dev/null | grep -q "1 up" && break
  sleep 0.3
done
start rgw radosgw -n client.rgw -c "$conf" -f
for _ in $(seq 200); do
  (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "${pids[-1]}" 2>/dev/null || fail "its gateway has ended"
  sleep 0.2
done
(ceph radosgw-admin -c "$conf" user create --uid=test --display-name=test --access-key=OXBOW --secret-key=SECRET) \
  >"$work/log/user.out" 2>&1 || fail "there is no user"

status=0
OXBOW_TEST_S3_URL="http://OXBOW:SECRET@127.0.0.1:$port/oxbow-tests?region=default" "$@" || status=$?
exit "$status"
