/** Who asks for names, and whom the question gets to. */
import { publicResolver } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";

export const site = "www.example.net";

/** `udp 192.0.2.1`: by which protocol, and whom. */
export type Asked = `${"udp" | "tcp"} ${string}`;

const program = `
import errno, socket, struct, sys
labels = b"".join(bytes([len(label)]) + label.encode() for label in sys.argv[1].split("."))
query = b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + labels + b"\\0\\0\\1\\0\\1"

def ask(protocol, server):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as sock:
        sock.settimeout(3)
        sock.connect((server, 53))
        sock.sendall(query if protocol == "udp" else struct.pack("!H", len(query)) + query)
        return sock.recv(600)

for words in sys.argv[2:]:
    try:
        print(socket.inet_ntoa(ask(*words.split())[-4:]))
    except TimeoutError:
        print("silence")
    except OSError as error:
        print("refused" if error.errno in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EACCES) else error)
`;

/** The address that each is told, "refused" where it is so at once, or "silence". */
export async function ask(machine: Namespace, asked: readonly Asked[]): Promise<readonly string[]> {
  const { stdout } = await machine.run(["python3", "-c", program, site, ...asked]);
  return stdout.split("\n");
}

const counted = {
  "10.8.1.1": "ip daddr 10.8.1.1",
  "fd00:8:1::1": "ip6 daddr fd00:8:1::1",
  "10.8.4.1": "ip daddr 10.8.4.1",
  "fd00:8:4::1": "ip6 daddr fd00:8:4::1",
  [publicResolver.v4]: `ip daddr ${publicResolver.v4}`,
  [publicResolver.v6]: `ip6 daddr ${publicResolver.v6}`,
} as const;

/** Forgets who was asked up to here. */
export async function countQuestions(lab: Lab): Promise<void> {
  const rules = Object.entries(counted).map(
    ([address, match]) => `${match} meta l4proto { tcp, udp } th dport 53 counter comment "${address}"`,
  );
  await lab.internet.run(["nft", "-f", "-"], {
    input: `add table inet asked
delete table inet asked
table inet asked {
	chain asked {
		type filter hook input priority filter; policy accept;
		${rules.join("\n\t\t")}
	}
}
`,
  });
}

/** The resolvers on the internet that were asked since, in the order of the table above. */
export async function resolversAsked(lab: Lab): Promise<readonly string[]> {
  const { stdout } = await lab.internet.run(["nft", "list", "table", "inet", "asked"]);
  return [...stdout.matchAll(/counter packets ([0-9]+) .* comment "(.*)"/g)].flatMap(
    ([, packets, address = ""]) => (packets === "0" ? [] : [address]),
  );
}
