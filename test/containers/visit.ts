/** A visit to a web server: whether it answers. */
import type { Namespace } from "../lab/namespace.ts";

const program = `
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])) as connection:
        connection.settimeout(float(sys.argv[3]))
        connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print("an answer" if connection.recv(4096).startswith(b"HTTP/") else "something else")
except OSError as error:
    print(error)
`;

/** "an answer", or what went wrong; `seconds` is short where nothing is expected. */
export async function visit(
  from: Pick<Namespace, "run">,
  address: string,
  port: number,
  seconds = 5,
): Promise<string> {
  return (await from.run(["python3", "-c", program, address, String(port), String(seconds)])).stdout;
}
