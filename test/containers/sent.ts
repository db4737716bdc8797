/** What programs in a container try to send in the clear, and what of it is on the wire. */
import { printer, service } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import { markerPrefix } from "../lab/oracle.ts";

const word = `${markerPrefix}guest`;

/** Where the wire shows that a guest's own datagrams and connections went: to the internet, to the LAN. */
export async function sentBy(lab: Lab, guest: Pick<Namespace, "run">): Promise<readonly string[]> {
  await lab.judgeFromNow();
  const destinations = [service.v4, service.v6, printer.v4, "fd00:1::50"];
  const program = `
import socket, sys
for address in sys.argv[2:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        sock = socket.socket(family, kind)
        sock.setblocking(False)
        try:
            sock.connect((address, 80))
            sock.send((sys.argv[1] + "-" + address.replace(":", "-").replace(".", "-")).encode())
        except OSError:
            pass  # Refused, no way there, or its first segment is sent, and that is all that is wanted.
`;
  await guest.run(["python3", "-c", program, word, ...destinations]);
  const seen = await lab.verdicts();
  return destinations.filter((address) =>
    seen.some(({ marker, description }) =>
      description.endsWith(":80, SYN")
        ? description.includes(address)
        : marker === `${word}-${address.replaceAll(/[.:]/g, "-")}`,
    ),
  );
}
