#!/bin/bash
# What a firewall of iptables calls does when a tunnel comes up: 45 calls, the number and the kind that the VPN-Firewall
# script makes. Only ever run in a network namespace of the bench.
set -e
ipt() { /usr/sbin/iptables "$@"; }
ip6t() { /usr/sbin/ip6tables "$@"; }

for chain in INPUT FORWARD OUTPUT; do
	ipt -P $chain DROP
	ip6t -P $chain DROP
done
ipt -F
ipt -X
ip6t -F
ip6t -X
ipt -t nat -F
ipt -t mangle -F

ipt -A INPUT -i lo -j ACCEPT
ipt -A OUTPUT -o lo -j ACCEPT
ip6t -A INPUT -i lo -j ACCEPT
ip6t -A OUTPUT -o lo -j ACCEPT
ipt -A INPUT -m conntrack --ctstate INVALID -j DROP
ipt -A OUTPUT -p udp --sport 68 --dport 67 -j ACCEPT
ipt -A INPUT -p udp --sport 67 --dport 68 -j ACCEPT

for remote in 198.51.100.1 198.51.100.3; do
	ipt -A OUTPUT -d $remote -p udp --dport 1194 -m owner --gid-owner 0 -j ACCEPT
	ipt -A INPUT -s $remote -p udp --sport 1194 -m conntrack --ctstate ESTABLISHED -j ACCEPT
done
for lan in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do
	ipt -A OUTPUT -o eth+ -d $lan -p udp --dport 53 -j REJECT
	ipt -A OUTPUT -o eth+ -d $lan -p tcp --dport 53 -j REJECT
	ipt -A OUTPUT -o eth+ -d $lan -j ACCEPT
	ipt -A INPUT -i eth+ -s $lan -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
done
ipt -A OUTPUT -o tun+ -j ACCEPT
ipt -A INPUT -i tun+ -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
ipt -A FORWARD -o tun+ -j ACCEPT
ipt -A FORWARD -i tun+ -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
ipt -t nat -A POSTROUTING -o tun+ -j MASQUERADE
ipt -t mangle -A FORWARD -o tun+ -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
ipt -A OUTPUT -m limit --limit 6/min -j LOG --log-prefix "blocked out: "
ipt -A OUTPUT -j REJECT
ip6t -A OUTPUT -j REJECT
ipt -A INPUT -j DROP
