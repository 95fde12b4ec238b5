# Process 1 of a lab guest: mounts, then the script, its output and exit status each over a port of their own.
# Only busybox is used here, so that the guest's caches hold little before the script starts.
. /run/vm/settings
bb=/run/vm/busybox

port() {
  for port in /sys/class/virtio-ports/*; do
    if [ "$($bb cat "$port/name")" = "$1" ]; then echo "/dev/${port##*/}"; fi
  done
}

fail() {
  echo "fail $*" >"$status"
  $bb sleep 60
}

mount_cgroup2() {
  $bb mount -t cgroup2 cgroup2 "$1" || fail "cgroup2 cannot be mounted on $1"
  for controller in $($bb cat "$1/cgroup.controllers"); do
    echo "+$controller" >"$1/cgroup.subtree_control"
  done
}

# One hierarchy a controller, cpu and cpuacct together, as systemd did.
mount_cgroup1() {
  $bb mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  for set in $($bb awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups) name=systemd; do
    case $set in
    cpuacct) continue ;;
    cpu) set=cpu,cpuacct ;;
    esac
    folder=/sys/fs/cgroup/${set#name=}
    $bb mkdir "$folder"
    none=
    if [ "$set" = name=systemd ]; then none=none,; fi
    $bb mount -t cgroup -o "$none$set" cgroup "$folder" || $bb rmdir "$folder"
  done
  $bb ln -s cpu,cpuacct /sys/fs/cgroup/cpu
  $bb ln -s cpu,cpuacct /sys/fs/cgroup/cpuacct
}

mount_cgroups() {
  case $VM_CGROUP in
  v2) mount_cgroup2 /sys/fs/cgroup ;;
  v1) mount_cgroup1 ;;
  hybrid)
    mount_cgroup1
    $bb mkdir /sys/fs/cgroup/unified
    mount_cgroup2 /sys/fs/cgroup/unified
    ;;
  esac
}

mount_all() {
  for pair in fd: stdin:/0 stdout:/1 stderr:/2; do $bb ln -s "/proc/self/fd${pair#*:}" "/dev/${pair%%:*}"; done
  $bb mkdir -p /dev/pts /dev/shm /run/lock
  $bb mount -t devpts -o ptmxmode=666 devpts /dev/pts
  $bb mount -t tmpfs -o mode=1777 shm /dev/shm
  $bb mount -t tracefs tracefs /sys/kernel/tracing
  $bb mount -t debugfs debugfs /sys/kernel/debug
  $bb mount -t bpf bpf /sys/fs/bpf
  # noinit_itable: no kernel thread that writes inode tables while a test measures.
  $bb mount -t ext4 -o noinit_itable /dev/vda /data || fail "the disk cannot be mounted on /data"
  mount_cgroups
}

put_command() {
  $bb mkdir -p /usr/local/bin
  printf '#!/bin/sh\nexec "%s" "%s/cli/bin/dentryscope.mjs" "$@"\n' "$VM_NODE" "$VM_PROJECT" \
    >/usr/local/bin/dentryscope
  $bb chmod 755 /usr/local/bin/dentryscope
}

# Everything still running but ourselves, the two that carry output, and kernel threads (which have no exe).
kill_rest() {
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    case " 1 $carriers " in *" $pid "*) continue ;; esac
    if $bb readlink "$folder/exe" >/dev/null; then $bb kill -9 "$pid"; fi
  done 2>/dev/null
}

status=$(port status)
out=$(port stdout)
err=$(port stderr)
mount_all
$bb ifconfig lo up
$bb hostname "dentryscope-guest"
put_command

# One process carries each stream, so that the script has ordinary pipes; the ports stay open here until the end.
$bb mkfifo /run/vm/out /run/vm/err
exec 3>"$out" 4>"$err"
$bb cat </run/vm/out >&3 &
carriers=$!
$bb cat </run/vm/err >&4 &
carriers="$carriers $!"
echo ready >"$status"

(
  cd "$VM_CWD" 2>/dev/null || cd /
  . /run/vm/environment
  exec $VM_SHELL "$VM_PROGRAM"
) </dev/null >/run/vm/out 2>/run/vm/err 3>&- 4>&-
code=$?
kill_rest
wait
# The token after the last byte tells the host that nothing is missing.
printf %s "$VM_TOKEN" >&3
printf %s "$VM_TOKEN" >&4
echo "exit $code" >"$status"
while :; do $bb sleep 60; done
