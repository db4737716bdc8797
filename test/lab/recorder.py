"""Records every frame that arrives at one end of a wire, and proves when it has recorded all of them.

usage: recorder.py DEVICE FENCE_OUT FENCE_IN

Writes records "kind (1 byte), time in s (double), length (u32)", in network order, then the bytes:
  R  ready, and nothing else
  F  a frame
  E  a fence: the number that was asked for, and how many frames were lost so far (u32 each)
A line with a number on standard input asks for a fence; the end of standard input ends the program.

A frame that was sent may still wait in the backlog queue of the CPU that sent it. A fence is one frame per CPU, sent by
that CPU over a veth pair of its own: it waits in the same queue, behind all that was there. When the frames of all CPUs
are through, what was sent before is in our socket; the socket is read to its end, and only then the fence is written.
"""

import os
import select
import socket
import struct
import sys

ETH_P_ALL, ETH_P_FENCE = 0x0003, 0x88B5
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 6, 8, 23
SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33
TP_STATUS_VLAN_VALID = 1 << 4


def packet_socket(device, protocol):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.bind((device, protocol))
    sock.setblocking(False)
    return sock


def record(kind, time, data):
    sys.stdout.buffer.write(struct.pack("!cdI", kind, time, len(data)) + data)


class Wire:
    def __init__(self, device):
        self.socket = packet_socket(device, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.bind((device, ETH_P_ALL))
        self.buffer = bytearray(1 << 18)
        self.lost = 0

    def read_all(self):
        while True:
            try:
                length, ancillary, flags, _ = self.socket.recvmsg_into([self.buffer], 256)
            except BlockingIOError:
                return
            except OSError:
                continue  # The link went down: an error is reported once, and the socket stays good.
            data, time = bytes(self.buffer[:length]), 0.0
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", value)
                    time = seconds + nanoseconds / 1e9
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value)
                    if status & TP_STATUS_VLAN_VALID:  # The kernel took the tag out of the frame.
                        data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
            self.lost += 1 if flags & socket.MSG_TRUNC else 0
            record(b"F", time, data)

    def losses(self):
        _, dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.lost += dropped  # The kernel starts again from zero after every question.
        return self.lost


def main():
    device, fence_out, fence_in = sys.argv[1:]
    wire = Wire(device)
    outgoing = packet_socket(fence_out, 0)
    incoming = packet_socket(fence_in, ETH_P_FENCE)
    cpus = os.sched_getaffinity(0)
    waiting = {}
    poll = select.poll()
    for descriptor in (0, wire.socket, incoming):
        poll.register(descriptor, select.POLLIN)

    def build_fence(number):
        waiting[number] = set(cpus)
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
            header = b"\xff" * 6 + b"\2" + b"\0" * 5 + struct.pack("!H", ETH_P_FENCE)
            outgoing.send(header + struct.pack("!II", number, cpu).ljust(46, b"\0"))
        os.sched_setaffinity(0, cpus)

    def pass_fences():
        while True:
            try:
                frame = incoming.recv(2048)
            except BlockingIOError:
                return
            number, cpu = struct.unpack("!II", frame[14:22])
            left = waiting.get(number)
            if left is not None:
                left.discard(cpu)

    record(b"R", 0.0, b"")
    sys.stdout.buffer.flush()
    while True:
        ready = dict(poll.poll())
        pass_fences()
        wire.read_all()
        for number in [number for number, left in waiting.items() if not left]:
            del waiting[number]
            record(b"E", 0.0, struct.pack("!II", number, wire.losses()))
        sys.stdout.buffer.flush()
        if 0 in ready:
            asked = os.read(0, 4096)  # A line is a few bytes in one write: it is never cut.
            if not asked:
                return
            for number in asked.split():
                build_fence(int(number))


main()
