/** Ports, and who gets through to them. */
import type { Namespace } from "./namespace.ts";

/** A program that accepts connections on these ports, over IPv4. */
export function listener(...ports: readonly number[]): string {
  return `
import socket, time
listening = [socket.create_server(("", port)) for port in (${ports.join(", ")},)]
print("ready")
time.sleep(600)
`;
}

/** Whether a connection comes about; the kernel accepts it, whatever the program does. */
export async function answers(
  from: Namespace,
  address: string,
  port: number,
  source = "",
  seconds = 3,
): Promise<boolean> {
  const program = `
import socket, sys
address, port, source, seconds = sys.argv[1:]
socket.create_connection((address, int(port)), float(seconds), (source, 0) if source else None).close()
`;
  const { code } = await from.run(
    ["python3", "-c", program, address, String(port), source, String(seconds)],
    {
      mayFail: true,
    },
  );
  return code === 0;
}
