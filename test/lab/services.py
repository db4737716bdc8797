"""Services for a namespace of the laboratory: echo on TCP, answers on UDP, names on port 53.

usage: services.py < {"addresses": [...], "tcp": [...], "udp": [...], "names": {"name": ["address", ...]}, "otherwise": [...]}

The first line of standard input is the JSON above; each further line is JSON for "names" from then on, and answered by "named";
the end of standard input ends the program. A TCP echo opens with
the address it sees ("192.168.1.2\n"), so a client learns which way it came. "ready" is printed once all is listening.
"""

import ipaddress
import json
import selectors
import socket
import sys

IP_FREEBIND, IPV6_FREEBIND = 15, 78


def open_socket(address, port, kind):
    v6 = ":" in address
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The addresses inside the tunnel exist only once a VPN server runs.
    if v6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(64)
    sock.setblocking(False)
    return sock


def dns_answer(query, names, otherwise):
    """The answer to the one question of a query, or None if it is none."""
    if len(query) < 17 or query[4:6] != b"\0\1":
        return None
    labels, at = [], 12
    while at < len(query) and query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin1").lower())
        at += 1 + query[at]
    question, kind = query[12 : at + 5], query[at + 1 : at + 3]
    length = {b"\0\1": 4, b"\0\x1c": 16}.get(kind)
    found = [ipaddress.ip_address(text).packed for text in names.get(".".join(labels), otherwise)]
    records = [data for data in found if len(data) == length]
    head = query[:2] + b"\x81\x80\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
    ttl = (60).to_bytes(4, "big")
    start = b"\xc0\x0c" + kind + b"\0\1" + ttl  # The name is the question's, the class is the internet's.
    return head + question + b"".join(start + len(data).to_bytes(2, "big") + data for data in records)


def main():
    plan = json.loads(sys.stdin.readline())
    selector = selectors.DefaultSelector()

    def answer(data):
        return dns_answer(data, plan["names"], plan["otherwise"])

    def rename():
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        plan["names"] = json.loads(line)
        print("named", flush=True)

    def accept(server, port):
        try:
            connection, peer = server.accept()
        except OSError:
            return  # It was reset before it was accepted.
        connection.settimeout(5)
        try:
            if port != 53:
                connection.sendall((peer[0] + "\n").encode())
        except OSError:
            connection.close()  # Whoever came has gone again.
            return
        selector.register(connection, selectors.EVENT_READ, lambda: converse(connection, port))

    def converse(connection, port):
        try:
            data = connection.recv(65536)
            if port == 53 and len(data) > 2:
                reply = answer(data[2:]) or b""
                connection.sendall(len(reply).to_bytes(2, "big") + reply)
            elif data:
                connection.sendall(data)
        except OSError:
            data = b""
        if not data:
            selector.unregister(connection)
            connection.close()

    def reply(server, port):
        try:
            data, peer = server.recvfrom(65536)
            server.sendto((answer(data) or b"") if port == 53 else data, peer)
        except OSError:
            pass  # The way back is closed; whoever asked will notice.

    for address in plan["addresses"]:
        for port in plan["tcp"]:
            sock = open_socket(address, port, socket.SOCK_STREAM)
            selector.register(sock, selectors.EVENT_READ, lambda s=sock, p=port: accept(s, p))
        for port in plan["udp"]:
            sock = open_socket(address, port, socket.SOCK_DGRAM)
            selector.register(sock, selectors.EVENT_READ, lambda s=sock, p=port: reply(s, p))
    selector.register(sys.stdin, selectors.EVENT_READ, rename)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            key.data()


main()
