"""Sends probes and says what became of each.

usage: probes.py DEVICE UID MILLISECONDS < [probe, ...]
       probes.py --resident UID < {"device", "milliseconds", "probes"} lines, each answered by one line

The probes are those of probe-plan.ts. Writes a JSON list of {"name", "outcome", "error"?}; the outcome is "refused" (an
error came at once, which `error` names), "connected", "sent", or "silent" (nothing came back in the time given). The
probes of the user "somebody" are sent by a child process with the given user id and no privilege.
"""

import errno
import json
import os
import select
import socket
import struct
import sys
import time
import traceback

IPV6_HDRINCL = 36
# What a firewall, a route or a machine may answer. Any other error is a mistake of the probe's own, and must not pass
# for the work of a firewall.
REFUSALS = {
    errno.EPERM,
    errno.EACCES,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ENOBUFS,
    errno.EPROTO,
}


class BrokenProbe(Exception):
    pass


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Prober:
    def __init__(self, device, probe):
        self.device, self.probe = device, probe
        self.index = socket.if_nametoindex(device)
        self.family = socket.AF_INET if probe["family"] == 4 else socket.AF_INET6

    def start(self):
        """Sends what can be sent at once; returns (outcome, socket to wait for or None)."""
        return getattr(self, self.probe["method"].replace(" ", "_"))()

    def payload(self):
        marker = self.probe["marker"].encode()
        if self.probe["dns"]:
            name = bytes([len(marker)]) + marker + b"\7example\0"
            query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"
            return query if self.probe["method"] == "udp" else struct.pack("!H", len(query)) + query
        # A marker in every fragment, and an even length for the checksum.
        text = marker + b"."
        return (text * (self.probe["size"] // len(text) + 1)).ljust(len(text) // 2 * 2 + 2, b".")

    def socket(self, kind, protocol=0, port=None):
        """A socket as the probe wants it. To make one sends nothing, so no firewall has a say in it."""
        try:
            return self.bound_socket(kind, protocol, port)
        except OSError as error:
            raise BrokenProbe(self.probe["name"]) from error

    def bound_socket(self, kind, protocol, port):
        sock = socket.socket(self.family, kind, protocol)
        sock.setblocking(False)
        # An earlier probe may have used the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind != socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if self.probe["binding"] == "device":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.device.encode())
        own = self.probe["from"] if self.probe["binding"] == "address" else ""
        if own or port is not None:
            sock.bind((own, port or 0))
        return sock

    def target(self, port):
        to = self.probe["to"]
        if self.family == socket.AF_INET:
            return (to, port)
        return (to, port, 0, self.index if to.startswith("ff02:") else 0)

    def tcp(self):
        sock = self.socket(socket.SOCK_STREAM, port=self.probe["sourcePort"])
        # No connection outlives its probe: the next run may want the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        error = sock.connect_ex(self.target(self.probe["number"]))
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")
        return "silent", sock

    def udp(self):
        sock = self.socket(socket.SOCK_DGRAM, port=self.probe["sourcePort"])
        sock.connect(self.target(self.probe["number"]))
        sock.send(self.payload())
        return "sent", sock

    def echo(self):
        v4 = self.family == socket.AF_INET
        protocol = socket.IPPROTO_ICMP if v4 else socket.IPPROTO_ICMPV6
        raw = self.probe["user"] == "root"
        sock = self.socket(socket.SOCK_RAW if raw else socket.SOCK_DGRAM, protocol)
        payload = self.payload()
        head = struct.pack("!BBHHH", 8 if v4 else 128, 0, 0, 4660, 1)
        if v4:
            head = struct.pack("!BBHHH", 8, 0, checksum(head + payload), 4660, 1)
        # Connected, because a ping socket is told of an error in no other way.
        sock.connect(self.target(0))
        sock.send(head + payload)
        return "sent", sock

    def raw(self):
        sock = self.socket(socket.SOCK_RAW, self.probe["number"])
        sock.sendto(self.payload(), self.target(0))
        return "sent", None

    def stray_fragment(self):
        """The second piece of a UDP packet that has no first one: it has no port."""
        sock = self.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        payload = self.payload()
        if self.family == socket.AF_INET:
            # Zeros are for the kernel to fill in: length, id, checksum, source.
            to = socket.inet_pton(self.family, self.probe["to"])
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 185, 64, 17, 0, b"\0" * 4, to)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
            head = self.ipv6_head(44, 8 + len(payload)) + struct.pack("!BBHI", 17, 0, 185 << 3, 1)
        sock.sendto(head + payload, self.target(0))
        return "sent", None

    def join(self):
        sock = self.socket(socket.SOCK_DGRAM)
        group = socket.inet_pton(self.family, self.probe["to"])
        if self.family == socket.AF_INET:
            request = struct.pack("4s4si", group, b"\0" * 4, self.index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        else:
            request = struct.pack("16si", group, self.index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        return "sent", sock

    def packet(self):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind((self.device, 0))
        own = sock.getsockname()[4]
        payload, number = self.payload(), self.probe["number"]
        udp = struct.pack("!HHHH", self.probe["sourcePort"], 9999, 8 + len(payload), 0)
        if number == 0x0800:
            ends = [socket.inet_pton(self.family, self.probe[end]) for end in ("from", "to")]
            head = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0) + b"".join(ends)
            body = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp + payload
        elif number == 0x86DD:
            body = self.ipv6_head(17, len(udp + payload)) + udp + payload
        else:
            body = payload
        sock.send(b"\xff" * 6 + own + struct.pack("!H", number) + body)
        return "sent", None

    def ipv6_head(self, protocol, length):
        ends = [socket.inet_pton(self.family, self.probe[end]) for end in ("from", "to")]
        return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + b"".join(ends)


def send_all(device, probes, milliseconds):
    results, waiting = [], {}
    poll = select.poll()
    for probe in probes:
        result = {"name": probe["name"]}
        results.append(result)
        prober = Prober(device, probe)
        try:
            result["outcome"], sock = prober.start()
        except OSError as error:
            refuse(result, error.errno)
            continue
        if sock is not None:
            waiting[sock.fileno()] = (sock, prober, result)
            poll.register(sock, select.POLLOUT if probe["method"] == "tcp" else 0)
    if any(probe["method"] == "join" for probe in probes):
        time.sleep(0.05)  # The kernel reports a membership by a timer of one or two ticks.
    deadline = time.monotonic() + milliseconds / 1000
    connecting = sum(prober.probe["method"] == "tcp" for _, prober, _ in waiting.values())
    while connecting > 0:
        # Asked once more when the time is up: on a busy machine it is this program that is late.
        answered = poll.poll(max(0, (deadline - time.monotonic()) * 1000))
        if not answered:
            break
        for descriptor, _ in answered:
            sock, prober, result = waiting[descriptor]
            connecting -= prober.probe["method"] == "tcp"
            poll.unregister(sock)
            settle(sock, prober, result)
    # An error that an ICMP message brought waits on its socket.
    for sock, _, result in waiting.values():
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error and result["outcome"] in ("sent", "silent"):
            refuse(result, error)
    return results


def settle(sock, prober, result):
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        refuse(result, error)
    elif prober.probe["method"] == "tcp":
        result["outcome"] = "connected"
        try:
            sock.send(prober.payload())
        except OSError as error:
            refuse(result, error.errno)


def refuse(result, error):
    if error not in REFUSALS:
        raise BrokenProbe(f"{result['name']}: {os.strerror(error)}")
    result["outcome"], result["error"] = "refused", errno.errorcode.get(error, str(error))


def send_as_both_users(device, uid, probes, milliseconds):
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        send_as_somebody(device, uid, probes, milliseconds, read_end, write_end)
    os.close(write_end)
    results = send_all(device, [p for p in probes if p["user"] == "root"], milliseconds)
    with os.fdopen(read_end) as pipe:
        of_somebody = pipe.read()
    if os.waitpid(child, 0)[1] != 0:
        raise BrokenProbe("see above")
    return results + json.loads(of_somebody)


def send_as_somebody(device, uid, probes, milliseconds, read_end, write_end):
    code = 1
    try:
        os.close(read_end)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        with os.fdopen(write_end, "w") as pipe:
            json.dump(send_all(device, [p for p in probes if p["user"] == "somebody"], milliseconds), pipe)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Never back into the parent's code: of a resident prober there would be two.
        os._exit(code)


def main():
    if sys.argv[1] == "--resident":
        for line in sys.stdin:
            asked = json.loads(line)
            results = send_as_both_users(
                asked["device"], int(sys.argv[2]), asked["probes"], asked["milliseconds"]
            )
            print(json.dumps(results), flush=True)
        return
    device, uid, milliseconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    json.dump(send_as_both_users(device, uid, json.load(sys.stdin), milliseconds), sys.stdout)


main()
