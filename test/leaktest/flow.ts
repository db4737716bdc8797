/** A program on the host with a connection that is already open. */
import { service } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";

export type Flow = {
  /** Sends a marker through the connection; back when the program has tried. */
  readonly speak: () => Promise<void>;
};

const speaker = `
import socket, sys
connection = socket.create_connection((sys.argv[1], 7), 5)
print("connected", flush=True)
sys.stdin.readline()
try:
    connection.sendall(sys.argv[2].encode())
except OSError as error:
    print(error)
print("spoken", flush=True)
sys.stdin.readline()
`;

/** To the service on the internet, over IPv4, whichever way the routes lead now. */
export async function openFlow(lab: Lab): Promise<Flow> {
  const command = ["python3", "-c", speaker, service.v4, `${markerPrefix}flow`];
  const program = lab.host.start("a program with an open flow", command);
  await program.says("connected");
  return {
    speak: async () => {
      program.tell("speak");
      await program.says("spoken");
    },
  };
}

/**
 * Has the kernel track flows from their beginning, as it does on any machine with docker, ufw or firewalld: else a
 * subject that trusts what is established would never get to know what is.
 */
export async function trackFlows(lab: Lab): Promise<void> {
  const input =
    "table inet tracking { chain output { type filter hook output priority 0; ct state new,established counter; }; }\n";
  await lab.host.run(["nft", "-f", "-"], { input });
}
