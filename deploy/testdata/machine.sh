#!/bin/sh
# machine.sh DIR SHARED: starts systemd as process 1 in namespaces, on an overlay of
# this machine's files that is discarded at the end. Both share the folder SHARED and
# the network.
set -eu
MACHINE=$1 SHARED=$2
export MACHINE SHARED
cgroup=$(findmnt --noheadings --types cgroup2 --output TARGET | head -n 1)/apiphant-$$
mkdir "$cgroup"
echo "$cgroup" >"$MACHINE/cgroup"
echo $$ >"$cgroup/cgroup.procs"
# shellcheck disable=SC2016
exec unshare --pid --fork --kill-child --mount --propagation private --uts --ipc --cgroup sh -euc '
mount -t tmpfs -o mode=755 tmpfs "$MACHINE"
root=$MACHINE/root
mkdir "$MACHINE/upper" "$MACHINE/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$MACHINE/upper,workdir=$MACHINE/work" overlay "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$SHARED"
mount --bind "$SHARED" "$root$SHARED"
rm -f "$root/etc/machine-id" "$root/usr/sbin/policy-rc.d"
units=$root/etc/systemd/system
# These units would change the machine itself.
for unit in systemd-sysctl systemd-binfmt systemd-modules-load systemd-tmpfiles-setup-dev systemd-tmpfiles-setup systemd-udevd systemd-random-seed; do
	ln -sf /dev/null "$units/$unit.service"
done
ln -sf /dev/null "$units/tmp.mount"
ln -sf /dev/null "$units/proc-sys-fs-binfmt_misc.automount"
printf "[Unit]\nRequires=dbus.socket systemd-journald.service\n" >"$units/machine.target"
mkdir -p "$root/mnt/old"
cd "$root"
pivot_root . mnt/old
umount -l /mnt/old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=machine.target --show-status=no
'
