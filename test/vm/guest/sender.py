"""Sends what must not leave this machine, from its first second to its last: a round of packets, ten times a second.

usage: sender.py DEVICE < {"service": [...], "resolver": [...], "server": [...]}   each an IPv4 and an IPv6 address

Every packet carries a marker that names its kind, and comes from a port of the laboratory's probes. /run/sender.json
counts by kind how many were tried, and how many the kernel took, since the device had a carrier.
"""

import errno
import json
import os
import socket
import struct
import sys
import time

PERIOD = 0.1
FIRST_PORT, PORTS = 61000, 4500


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def marker(kind, length=0):
    return (b"vf-marker-sender-" + kind.encode() + b".").ljust(length, b".")


def udp(family, kind, port, to, number, payload, device=None):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if device is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        sock.bind(("", port))
        sock.sendto(payload, (to, number))


def query(kind):
    label = marker(kind)[:-1]
    return b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\7example\0\0\1\0\1"


def tcp(family, port, to, number):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.setblocking(False)
        sock.bind(("", port))
        error = sock.connect_ex((to, number))
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")


def echo(family, kind, to):
    v4 = family == socket.AF_INET
    payload = marker(kind, 32)
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP if v4 else socket.IPPROTO_ICMPV6) as sock:
        head = struct.pack("!BBHHH", 8 if v4 else 128, 0, 0, 4660, 1)
        if v4:
            head = struct.pack("!BBHHH", 8, 0, checksum(head + payload), 4660, 1)
        sock.sendto(head + payload, (to, 0))


def packet(device, kind):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((device, 0))
        sock.send(b"\xff" * 6 + sock.getsockname()[4] + b"\x88\xb5" + marker(kind, 46))


def attempts(device, plan, number):
    """Name and act of each packet of a round."""
    acts = {"packet": lambda: packet(device, "packet")}
    for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        service, resolver, server = (plan[who][version == 6] for who in ("service", "resolver", "server"))

        def add(what, act, *rest, family=family, version=version):
            kind = f"{what}-{version}"
            port = FIRST_PORT + (number * 16 + len(acts)) % PORTS
            acts[kind] = lambda: act(family, kind, port, *rest)

        add("udp", udp, service, 9999, marker(f"udp-{version}"))
        add("udp-device", udp, service, 9999, marker(f"udp-device-{version}"), device)
        add("dns", udp, resolver, 53, query(f"dns-{version}"))
        add("server", udp, server, 1194, marker(f"server-{version}"))
        add("tcp", lambda family, _, port, to: tcp(family, port, to, 80), service)
        add("echo", lambda family, kind, _, to: echo(family, kind, to), service)
    return acts


def has_carrier(device):
    try:
        with open(f"/sys/class/net/{device}/carrier") as file:
            return file.read() == "1\n"
    except OSError:
        return False  # It is not there yet, or down.


def save(counts):
    with open("/run/sender.json.new", "w") as file:
        json.dump(counts, file)
    os.rename("/run/sender.json.new", "/run/sender.json")


def main():
    device, plan = sys.argv[1], json.load(sys.stdin)
    counts, number = {}, 0
    while True:
        number += 1
        carrier = has_carrier(device)
        for kind, act in attempts(device, plan, number).items():
            tried, sent = counts.get(kind, (0, 0))
            try:
                act()
                took = 1
            except OSError:
                took = 0
            if carrier:
                counts[kind] = (tried + 1, sent + took)
        if number % 10 == 0:
            save(counts)
        time.sleep(PERIOD)


main()
