/** Wanted traffic: a program on the host visits the service on the internet. */
import { service, tunnelPrefix, host as hostAddresses } from "./addresses.ts";
import type { Namespace } from "./namespace.ts";

export type Way = "through the tunnel" | "in the clear" | `not at all: ${string}`;

export type Reach = { readonly v4: Way; readonly v6: Way };

/** The echo says which address it sees, and must return the word it is given: a marker, which the wire must not show. */
const visit = `
import os, socket, sys
word = "vf-marker-wanted-" + os.urandom(8).hex()
try:
    with socket.create_connection((sys.argv[1], 7), timeout=10) as connection:
        connection.sendall(word.encode())
        heard = ""
        while not heard.endswith(word):
            data = connection.recv(4096)
            if not data:
                raise OSError("the connection was closed")
            heard += data.decode()
        print(heard.split()[0])
except OSError as error:
    print(error)
`;

/** `host` is whatever runs a program there. */
export async function reach(host: Pick<Namespace, "run">): Promise<Reach> {
  const [v4, v6] = await Promise.all([wayTo(host, "v4"), wayTo(host, "v6")]);
  return { v4, v6 };
}

export function isThroughTunnel({ v4, v6 }: Reach): boolean {
  return v4 === "through the tunnel" && v6 === "through the tunnel";
}

async function wayTo(host: Pick<Namespace, "run">, family: "v4" | "v6"): Promise<Way> {
  const { stdout } = await host.run(["python3", "-c", visit, service[family]]);
  if (stdout.startsWith(tunnelPrefix[family])) return "through the tunnel";
  return stdout === hostAddresses[family] ? "in the clear" : `not at all: ${stdout}`;
}
