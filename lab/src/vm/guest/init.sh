#!/bin/busybox sh
# First program of a lab guest, in the initramfs: puts the host's root file system (read-only, over 9p) under a tmpfs
# overlay, makes that the root, and hands over to main.sh. Processes are dear under software emulation: few are started.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
. /vm/settings
# Where the kernel would look for optional modules, mount by mount; main.sh puts it back.
echo >/proc/sys/kernel/modprobe
# Some are built in here and there, or for hardware that is not there: what matters shows at the mounts below.
modprobe -a $VM_MODULES 2>/dev/null || true

mount -t 9p -o "$VM_9P_OPTIONS" host /lower
mount -t tmpfs -o size=75% upper /upper
mkdir /upper/up /upper/work /newroot
mount -t overlay -o lowerdir=/lower,upperdir=/upper/up,workdir=/upper/work root /newroot
mount -t tmpfs -o mode=755 run /newroot/run
mkdir -p /newroot/run/vm /newroot/run/lock /newroot/data /newroot/lib/modules /newroot/usr/local/bin
cp /vm/* /bin/busybox /newroot/run/vm/
for name in proc sys dev; do mount --move /$name /newroot/$name; done
exec switch_root /newroot /run/vm/busybox sh /run/vm/main.sh
