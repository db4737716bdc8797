"""Sends packets one after another, and tells which rules the kernel counted each one at.

usage: counting.py out|in NAMESPACE < [{"protocol": ..., "from": ..., "to": ..., "port": ..., "uid": ..., "mark": ..., "scope": ...}, ...]

NAMESPACE is that of the rules, whose every verdict has a counter. A line for each packet: a JSON list of [chain, index, packets].
"""

import json
import os
import socket
import subprocess
import sys
import time

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "ping": socket.SOCK_DGRAM}
SO_MARK, IPV6_MULTICAST_IF = 36, 17
direction, namespace = sys.argv[1:]
nft = ["nsenter", "--net=/run/netns/" + namespace, "nft", "-j", "list", "table", "inet", "vpn_firewall"]


def counts():
    found, index = {}, {}
    for each in json.loads(subprocess.run(nft, check=True, capture_output=True).stdout)["nftables"]:
        rule = each.get("rule")
        if not rule:
            continue
        chain = rule["chain"]
        index[chain] = index.get(chain, -1) + 1
        for part in rule["expr"]:
            # One that a map gives has its packets elsewhere.
            if isinstance(part.get("counter"), dict) and "packets" in part["counter"]:
                found[chain, index[chain]] = part["counter"]["packets"]
    return found


def send(packet):
    v6 = ":" in packet["to"]
    family = socket.AF_INET6 if v6 else socket.AF_INET
    protocol = 0 if packet["protocol"] != "ping" else 58 if v6 else 1
    # The owner of a socket is who opens it; only root may set a mark.
    os.seteuid(packet.get("uid", 0))
    sock = socket.socket(family, KINDS[packet["protocol"]], protocol)
    os.seteuid(0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_MARK, packet.get("mark", 0))
    scope = socket.if_nametoindex(packet["scope"]) if packet.get("scope") else 0
    if packet.get("from"):
        sock.bind((packet["from"], 0))
    to = (packet["to"], packet.get("port", 0)) + ((0, scope) if v6 else ())
    try:
        if packet["protocol"] == "tcp":
            sock.setblocking(False)
            sock.connect(to)
        else:
            echo = bytes([128 if v6 else 8, 0, 0, 0, 0, 0, 0, 1]) + bytes(8)
            sock.sendto(echo if packet["protocol"] == "ping" else bytes(8), to)
    except OSError as error:
        if not isinstance(error, BlockingIOError):
            print(error, file=sys.stderr)
    return sock


before = counts()
for packet in json.load(sys.stdin):
    # Closed at once: a segment that is sent again, after a second, would be counted for a later one.
    send(packet).close()
    after = counts()
    # What this machine sends has passed all its rules by now. What arrives passes those of prerouting first.
    if direction == "in":
        until = time.monotonic() + 20
        seen = lambda now: sum(now[key] - before[key] for key in now if key[0] == "prerouting")
        while not seen(after) and time.monotonic() < until:
            after = counts()
        again = counts()
        while again != after:
            after, again = again, counts()
    print(json.dumps([[*key, after[key] - before[key]] for key in after if after[key] != before[key]]), flush=True)
    before = after
