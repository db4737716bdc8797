#!/bin/sh
# What the maintainer scripts need of systemd: units that start, end and are enabled. The guard really runs.
echo "$*" >>/run/systemctl.log
words=
for word; do
	case $word in
	-*) ;;
	*) words="$words $word" ;;
	esac
done
set -- $words
verb=$1
shift

stop() {
	[ -e "/run/$1.pid" ] || return 0
	pid=$(cat "/run/$1.pid")
	kill "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	rm "/run/$1.pid"
}
start() {
	[ "$1" = vpn-firewall-guard.service ] && [ ! -e "/run/$1.pid" ] && [ -e /var/lib/vpn-firewall/closed.nft ] || return 0
	setsid /usr/sbin/vpn-firewall guard </dev/null >>/run/guard.log 2>&1 &
	echo $! >"/run/$1.pid"
}

for unit; do
	case $verb in
	is-enabled) find /etc/systemd/system -name "$unit" | grep -q . && echo enabled ;;
	is-active) [ -e "/run/$unit.pid" ] ;;
	stop) stop "$unit" ;;
	start) start "$unit" ;;
	restart)
		stop "$unit"
		start "$unit"
		;;
	esac
done
