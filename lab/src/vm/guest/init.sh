#!/bin/busybox sh
# First program of a lab guest, in the initramfs: puts the host's root file system (read-only, over 9p) under a tmpfs
# overlay, makes that the root, and hands over to main.sh.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
  # Some are for hardware that this machine may lack (crc32c-intel): what matters shows at the mounts below.
  insmod "$module" 2>/dev/null || true
done </boot-modules
. /vm/settings

mount -t 9p -o "$VM_9P_OPTIONS" host /lower
mount -t tmpfs -o size=75% upper /upper
mkdir /upper/up /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/up,workdir=/upper/work root /root

release=$(uname -r)
mount -t tmpfs -o mode=755 run /root/run
mkdir -p /root/run/vm "/root/lib/modules/$release" /root/data /root/host
cp /vm/* /bin/busybox /root/run/vm/
cp -r "/lib/modules/$release/." "/root/lib/modules/$release"
mount --bind /lower /root/host
for name in proc sys dev; do mount --move /$name /root/$name; done
exec switch_root /root /run/vm/busybox sh /run/vm/main
