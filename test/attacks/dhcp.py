"""DHCP on a wire of the laboratory, as far as an attack by it needs: RFC 2131 with option 121 of RFC 3442.

usage: dhcp.py server DEVICE OWN_ADDRESS LEASED_ADDRESS [ROUTER RESOLVER]
       dhcp.py client DEVICE

The server gives everyone the same address, and the routes of the last line that it was told: "NETWORK/LENGTH GATEWAY".
The client asks for an address (discover, offer, request, acknowledgement), prints "bound ADDRESS" and installs the routes
it was given, as every client does; for each line that it is told it renews its lease, to the server's own address.
"""

import selectors
import socket
import struct
import subprocess
import sys

MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACKNOWLEDGEMENT = b"\1", b"\2", b"\3", b"\5"
KIND, SERVER, WANTED, MASK, LEASE, ROUTES = 53, 54, 50, 1, 51, 121
ROUTER, RESOLVER = 3, 6
OWN_HARDWARE = b"\2\0\0\0\0\1".ljust(16, b"\0")


def message(operation, transaction, client_address, your_address, options, hardware=OWN_HARDWARE):
    head = struct.pack("!BBBBIHH", operation, 1, 6, 0, transaction, 0, 0x8000)
    addresses = socket.inet_aton(client_address) + socket.inet_aton(your_address) + b"\0" * 8
    text = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    return head + addresses + hardware + b"\0" * 192 + MAGIC + text + b"\xff"


def options_of(data):
    options, at = {}, 240
    while at < len(data) and data[at] != 255:
        options[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return options


def open_socket(device, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    sock.bind(("", port))
    return sock


def classless_route(line):
    """RFC 3442: the length, the network's bytes that matter, the gateway."""
    network, gateway = line.split()
    address, length = network.split("/")
    significant = (int(length) + 7) // 8
    return bytes([int(length)]) + socket.inet_aton(address)[:significant] + socket.inet_aton(gateway)


def serve(device, own, leased, router=None, resolver=None):
    sock, routes = open_socket(device, 67), b""
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                routes = classless_route(sys.stdin.readline())
                print("routes", flush=True)
                continue
            data, _ = sock.recvfrom(1500)
            options = {KIND: OFFER if options_of(data)[KIND] == DISCOVER else ACKNOWLEDGEMENT}
            options |= {SERVER: socket.inet_aton(own), MASK: b"\xff\xff\xff\0", LEASE: struct.pack("!I", 3600)}
            if router:
                options |= {ROUTER: socket.inet_aton(router), RESOLVER: socket.inet_aton(resolver)}
            if routes:
                options[ROUTES] = routes
            transaction = struct.unpack("!I", data[4:8])[0]
            reply = message(2, transaction, "0.0.0.0", leased, options, data[28:44])
            sock.sendto(reply, ("255.255.255.255", 68))


class Client:
    def __init__(self, device):
        self.device, self.socket, self.transaction = device, open_socket(device, 68), 0
        self.socket.settimeout(5)

    def ask(self, to, client_address, options):
        """The answer: the address that it gives, and its options."""
        self.transaction += 1
        request = message(1, self.transaction, client_address, "0.0.0.0", options)
        self.socket.sendto(request, (to, 67))
        data = self.socket.recv(1500)
        return socket.inet_ntoa(data[16:20]), options_of(data)

    def bind(self):
        address, offer = self.ask("255.255.255.255", "0.0.0.0", {KIND: DISCOVER})
        wanted = {KIND: REQUEST, WANTED: socket.inet_aton(address), SERVER: offer[SERVER]}
        self.accept(*self.ask("255.255.255.255", "0.0.0.0", wanted))

    def renew(self):
        self.accept(*self.ask(self.server, self.address, {KIND: REQUEST}))

    def accept(self, address, options):
        self.address, self.server = address, socket.inet_ntoa(options[SERVER])
        if ROUTES in options:
            self.install(options[ROUTES])
        print("bound", address, flush=True)

    def install(self, data):
        significant = (data[0] + 7) // 8
        network = socket.inet_ntoa(data[1 : 1 + significant].ljust(4, b"\0"))
        gateway = socket.inet_ntoa(data[1 + significant : 5 + significant])
        route = [f"{network}/{data[0]}", "via", gateway, "dev", self.device]
        subprocess.run(["ip", "route", "replace", *route], check=True)


def main():
    if sys.argv[1] == "server":
        serve(*sys.argv[2:])
    client = Client(sys.argv[2])
    client.bind()
    for _ in sys.stdin:
        client.renew()


main()
