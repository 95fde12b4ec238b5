# Process 1 of a lab guest: mounts, then the script, its output and exit status each over a port of their own.
# Only busybox is used here, so that the guest's caches hold little before the script starts.
. /run/vm/settings
bb=/run/vm/busybox

for port in /sys/class/virtio-ports/*; do
  read -r name <"$port/name"
  case $name in
  stdout) out=/dev/${port##*/} ;;
  stderr) err=/dev/${port##*/} ;;
  status) status=/dev/${port##*/} ;;
  esac
done

fail() {
  echo "fail $*" >"$status"
  $bb sleep 60
}

mount_cgroup2() {
  $bb mount -t cgroup2 cgroup2 "$1" || fail "cgroup2 cannot be mounted on $1"
  read -r controllers <"$1/cgroup.controllers"
  for controller in $controllers; do
    echo "+$controller" >"$1/cgroup.subtree_control"
  done
}

# One hierarchy a controller, cpu and cpuacct together, as systemd did.
mount_cgroup1() {
  $bb mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  while read -r set _ _ enabled; do
    case $set:$enabled in
    *:0 | \#* | cpuacct:*) ;;
    cpu:*) mount_hierarchy cpu,cpuacct cpu,cpuacct ;;
    *) mount_hierarchy "$set" "$set" ;;
    esac
  done </proc/cgroups
  mount_hierarchy systemd none,name=systemd
  $bb ln -s cpu,cpuacct /sys/fs/cgroup/cpu
  $bb ln -s cpu,cpuacct /sys/fs/cgroup/cpuacct
}

# Kernel 6.12 of Debian has no memory and cpuset controllers for v1: those folders go again.
mount_hierarchy() {
  $bb mkdir "/sys/fs/cgroup/$1"
  $bb mount -t cgroup -o "$2" cgroup "/sys/fs/cgroup/$1" 2>/dev/null || $bb rmdir "/sys/fs/cgroup/$1"
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
  $bb mkdir /dev/pts /dev/shm
  $bb mount -a -T /run/vm/fstab
  # noinit_itable: no kernel thread that writes inode tables while a test measures.
  $bb mount -t ext4 -o noinit_itable /dev/vda /data || fail "the disk cannot be mounted on /data"
  mount_cgroups
  echo /sbin/modprobe >/proc/sys/kernel/modprobe
}

# What udev, systemd and an installation would have made.
put_links() {
  $bb ln -s /proc/self/fd /dev/fd
  $bb ln -s /proc/self/fd/0 /dev/stdin
  $bb ln -s /proc/self/fd/1 /dev/stdout
  $bb ln -s /proc/self/fd/2 /dev/stderr
  $bb ln -sfn "$VM_MODULE_FOLDER" "/lib/modules/${VM_MODULE_FOLDER##*/}"
  $bb ln -sfn /run/vm/dentryscope /usr/local/bin/dentryscope
}

# Kills all but this process, the two that carry output, and kernel threads (which have no exe). Fails when none is left.
kill_some() {
  some=1
  for folder in /proc/[0-9]*; do
    case " 1 $carriers " in *" ${folder#/proc/} "*) continue ;; esac
    if [ -e "$folder/exe" ] && kill -9 "${folder#/proc/}"; then some=0; fi
  done 2>/dev/null
  return $some
}

mount_all
put_links
$bb ifconfig lo up
echo dentryscope-guest >/proc/sys/kernel/hostname

# One process carries each stream, so that the script has ordinary pipes; the ports stay open here until the end.
$bb mkfifo /run/vm/out /run/vm/err
exec 3>"$out" 4>"$err"
$bb cat </run/vm/out >&3 3>&- 4>&- &
carriers=$!
$bb cat </run/vm/err >&4 3>&- 4>&- &
carriers="$carriers $!"
echo ready >"$status"

(
  cd "$VM_CWD" 2>/dev/null || cd /
  . /run/vm/environment
  # A session of its own: a script that signals its process group must not hit the two above.
  exec $bb setsid $VM_SHELL /run/vm/script
) </dev/null >/run/vm/out 2>/run/vm/err 3>&- 4>&-
code=$?
for _ in 1 2 3 4 5 6 7 8 9 10; do kill_some || break; done
wait
# The token after the last byte tells the host that nothing is missing.
printf %s "$VM_TOKEN" >&3
printf %s "$VM_TOKEN" >&4
echo "exit $code" >"$status"
while :; do $bb sleep 60; done
