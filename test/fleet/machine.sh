#!/bin/sh
# machine.sh UNPACKED KEY
#
# Becomes a machine of its own in the network namespace that it is started in: this machine's Debian, with what is written to it in
# memory, the OpenSSH server of UNPACKED, and the real systemd as its first process. Who has the private half of KEY may log in. It
# prints the number of that process, and SIGTERM ends it.
set -eu

# A group of processes that the machine cannot see out of.
if [ "${3-}" != inside ]; then
	mount --make-rprivate /
	mount -t tmpfs tmpfs /mnt
	mkdir /mnt/groups
	mount -t cgroup2 cgroup2 /mnt/groups
	group=/mnt/groups/machine-$$
	mkdir "$group"
	sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" \
		unshare --mount --pid --cgroup --uts --ipc --fork --kill-child -- "$0" "$1" "$2" inside &
	child=$!
	trap 'kill -KILL $child' TERM
	until init=$(cat "/proc/$child/task/$child/children") && [ "$init" ]; do sleep 0.01; done
	echo "machine $init"
	wait $child || true
	until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.05; done
	exit
fi

mount -t tmpfs -o size=4g tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
for package in openssh-server openssh-sftp-server libwrap0; do
	tar -C "$1/$package" -c . | tar -x --keep-directory-symlink
done
rm -rf usr/sbin/policy-rc.d etc/openvpn etc/vpn-firewall var/lib/vpn-firewall
mkdir -p etc/openvpn/client
mount -t tmpfs -o mode=700 tmpfs root
mkdir -m 700 root/.ssh
install -m 600 "$2" root/.ssh/authorized_keys
echo 'sshd:x:109:65534::/run/sshd:/usr/sbin/nologin' >>etc/passwd
printf 'PermitRootLogin yes\nUsePAM no\nSubsystem sftp /usr/lib/openssh/sftp-server\n' >etc/ssh/sshd_config
ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key <<-END >/dev/null
	y
END
echo machine1 >etc/hostname
: >etc/machine-id
printf '[Unit]\nRequires=basic.target ssh.service dbus.service\n' >etc/systemd/system/machine.target

# What it has of the kernel: nothing but its own network can be changed.
mount -t proc proc proc
mount --bind proc/sys/net proc/sys/net
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/net dev/pts dev/shm
for device in null zero full random urandom tty net/tun; do
	: >dev/$device
	mount --bind /dev/$device dev/$device
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for directory in run tmp; do mount -t tmpfs tmpfs $directory; done
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other chroot /mnt/root /lib/systemd/systemd --unit=machine.target
