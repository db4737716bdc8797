"""Ordinary programs of an ordinary user, who know nothing of any VPN and go on sending whatever happens.

usage: traffic.py UID < a JSON line, a second line to begin, a third one to stop

The JSON: {"device", "interval", "timeout" (both in s), "programs": [{"name", "marker", "method", "to", "port"}, ...]}.
Every program makes a request each interval, whether or not the one before has an answer. Prints "ready", then one JSON
line per request when its outcome is known: {"time" (of its start, in s since 1970), "program", "outcome"}; the outcome is
"through the tunnel" or "in the clear", "refused" (an error came), or "unanswered". Ends when all outcomes are known.
"""

import asyncio
import errno
import json
import os
import socket
import struct
import sys
import time

TUNNEL_PREFIXES = ("10.8.", "fd00:8:")
# What a firewall, a route or a tunnel that has gone may answer. Any other error is a mistake of this program.
REFUSALS = {
    errno.EPERM,
    errno.EACCES,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EPIPE,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ENETRESET,
    errno.EADDRNOTAVAIL,
    errno.ENOBUFS,
    errno.EPROTO,
}


def way_from(address):
    return "through the tunnel" if address.startswith(TUNNEL_PREFIXES) else "in the clear"


class Unanswered(Exception):
    pass


async def web(program, device):
    """Loads a page; the server says which address it was asked from."""
    reader, writer = await asyncio.open_connection(program["to"], program["port"])
    try:
        writer.write(f"GET /{program['marker']} HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode())
        seen = await reader.readuntil(b"\n")
        await reader.readuntil(b"\r\n\r\n")
        return way_from(seen.decode())
    except asyncio.IncompleteReadError as error:
        raise Unanswered from error
    finally:
        writer.close()


def query(marker):
    name = bytes([len(marker)]) + marker.encode() + b"\7example\3com\0"
    return b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"


async def ask(sock, to, payload):
    loop = asyncio.get_running_loop()
    sock.setblocking(False)
    sock.connect(to)
    way = way_from(sock.getsockname()[0])
    await loop.sock_sendall(sock, payload)
    await loop.sock_recv(sock, 2048)
    return way


async def dns(program, device):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return await ask(sock, (program["to"], program["port"]), query(program["marker"]))


async def ping(program, device):
    # The kernel fills in the identifier and the checksum.
    echo = struct.pack("!BBHHH", 8, 0, 0, 0, 1) + program["marker"].encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sock:
        return await ask(sock, (program["to"], 0), echo)


async def announce(program, device):
    """Speaks to the LAN as mDNS daemons do: on the NIC, wherever the routes point. Nobody has to answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        index = struct.pack("4s4si", b"\0" * 4, b"\0" * 4, socket.if_nametoindex(device))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, index)
        sock.sendto(query(program["marker"]), (program["to"], program["port"]))
        return "in the clear"


METHODS = {"web": web, "dns": dns, "ping": ping, "announce": announce}


async def outcome_of(program, plan):
    try:
        return await asyncio.wait_for(METHODS[program["method"]](program, plan["device"]), plan["timeout"])
    except (TimeoutError, asyncio.TimeoutError, Unanswered):
        return "unanswered"
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        return "refused"


async def request(program, plan):
    start = time.time()
    outcome = await outcome_of(program, plan)
    print(json.dumps({"time": start, "program": program["name"], "outcome": outcome}), flush=True)


async def run(program, delay, plan, stopped):
    """A failed request ends everything: a program that broke must not pass for one that was kept from sending."""
    loop = asyncio.get_running_loop()
    due = loop.time() + delay
    async with asyncio.TaskGroup() as requests:
        while not stopped.is_set():
            await asyncio.sleep(due - loop.time())
            requests.create_task(request(program, plan))
            # After a pause of the whole machine nothing is made up for.
            due = max(due + plan["interval"], loop.time())


async def main():
    uid = int(sys.argv[1])
    plan = json.loads(sys.stdin.readline())
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    print("ready", flush=True)
    sys.stdin.readline()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stopped.set)
    programs = plan["programs"]
    async with asyncio.TaskGroup() as group:
        for number, program in enumerate(programs):
            # One after the other, so that the stream is even.
            group.create_task(run(program, plan["interval"] * number / len(programs), plan, stopped))


asyncio.run(main())
