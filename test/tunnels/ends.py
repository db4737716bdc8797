"""The far ends of tunnels, and a program of the machine that talks through them: UDP, one command a line, one answer a line.

    add NAME ADDRESS/PREFIX...          makes a tunnel; remove NAME
    listen ADDRESS PORT                 a socket of the machine's
    connect NAME ADDRESS PORT           another, bound to the tunnel, or as the routes lead: any; answers with its own port
    say NAME                            sends from that; answers with the tunnel that it went into, or the error
    put NAME FROM PORT TO PORT          a packet out of a tunnel; answers where it came to: a socket, another tunnel, nowhere
"""

import errno, fcntl, ipaddress, os, select, socket, struct, subprocess, sys

PATIENCE = 0.15
tunnels, sockets = {}, {}


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF or 0xFFFF


def packet(source, source_port, target, target_port):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    payload = b"word"
    length = 8 + len(payload)
    udp = struct.pack("!HHHH", source_port, target_port, length, 0)
    pseudo = source.packed + target.packed + struct.pack("!II", length, 17)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp + payload)) + payload
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, 17, 64) + source.packed + target.packed + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 17, 0) + source.packed + target.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def is_ours(data):
    """UDP, and not what the kernel says by itself."""
    return data[9] == 17 if data[0] >> 4 == 4 else data[6] == 17


def drain():
    for end in [*tunnels.values(), *sockets.values()]:
        while select.select([end], [], [], 0)[0]:
            try:
                os.read(end if isinstance(end, int) else end.fileno(), 65536)
            except OSError:
                pass


def arrival():
    ends = {end if isinstance(end, int) else end.fileno(): name for name, end in [*tunnels.items(), *sockets.items()]}
    while True:
        ready = select.select(list(ends), [], [], PATIENCE)[0]
        if not ready:
            return "nowhere"
        for end in ready:
            try:
                data = os.read(end, 65536)
            except OSError as error:
                return errno.errorcode[error.errno]
            if ends[end] not in tunnels or is_ours(data):
                return ends[end]


def add(name, *addresses):
    tunnel = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))
    lines = [f"addr add {address} dev {name}" + (" nodad" if ":" in address else "") for address in addresses]
    batch = "\n".join([f"link set {name} up", *lines])
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
    tunnels[name] = tunnel
    return "added"


def remove(name):
    os.close(tunnels.pop(name))
    return "removed"


def datagram(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM)


def listen(address, port):
    end = datagram(address)
    end.bind((address, int(port)))
    sockets[f"{address} {port}"] = end
    return "listening"


def connect(name, address, port):
    end = datagram(address)
    if name != "any":
        end.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
    end.connect((address, int(port)))
    sockets[f"through {name}"] = end
    return str(end.getsockname()[1])


def say(name):
    drain()
    try:
        sockets[f"through {name}"].send(b"word")
    except OSError as error:
        return errno.errorcode[error.errno]
    return arrival()


def put(name, source, source_port, target, target_port):
    drain()
    os.write(tunnels[name], packet(source, int(source_port), target, int(target_port)))
    return arrival()


commands = {"add": add, "remove": remove, "listen": listen, "connect": connect, "say": say, "put": put}
for line in sys.stdin:
    word, *words = line.split()
    print("answer", commands[word](*words), flush=True)
