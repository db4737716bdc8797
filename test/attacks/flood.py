"""Sends packets that a closed machine must not send, as fast as it can, until its standard input ends.

usage: flood.py KIND DEVICE MARKER GATEWAY_MAC SERVICE_V4 SERVICE_V6

KIND is one of: udp (as the routes lead), bound (to DEVICE), udp6 (bound, over IPv6), packet (a whole frame past IP).
Every call to send is an attempt: the kernel may take it, or refuse it with an error. Prints "ready" when it begins, and at
the end how many attempts there were.
"""

import os
import select
import socket
import struct
import sys

kind, device, marker, gateway, v4, v6 = sys.argv[1:]
payload = marker.encode()
BURST = 500


def inet(family, address, bind):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if bind:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    sock.setblocking(False)
    return lambda: sock.sendto(payload, (address, 9999))


def packet():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((device, 0))
    sock.setblocking(False)
    # A frame of an unknown kind: what it says stands in it for the recorder to see.
    frame = bytes.fromhex(gateway.replace(":", "")) + sock.getsockname()[4] + struct.pack("!H", 0x88B5) + payload
    frame = frame.ljust(60, b"\0")
    return lambda: sock.send(frame)


send = {
    "udp": lambda: inet(socket.AF_INET, v4, False),
    "bound": lambda: inet(socket.AF_INET, v4, True),
    "udp6": lambda: inet(socket.AF_INET6, v6, True),
    "packet": packet,
}[kind]()

# The rules are changed by processes that shall not wait for this one.
os.nice(10)
attempts = 0
print("ready", flush=True)
while True:
    for _ in range(BURST):
        try:
            send()
        except OSError:
            pass
    attempts += BURST
    # Asked after the burst: also one that is told to end at once has sent something.
    if select.select([sys.stdin], [], [], 0)[0]:
        break
print(f"{attempts} attempts", flush=True)
