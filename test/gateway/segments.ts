/** Sizes of segments that the two ends of a connection are told. */
import type { Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";

/** What fits through a tunnel of 1300 bytes, over IPv4 and IPv6. What OpenVPN makes them by itself is larger. */
const sizes = [1260, 1240];

/** Counts them from now on, of connections of the machine behind to the service. */
export async function countSegments(lab: Lab): Promise<void> {
  await Promise.all([count(lab.internet, "tcp dport 7"), count(lab.behind, "tcp sport 7")]);
}

/** Those of these sizes that the service was told, and that the machine behind was told. */
export async function segments(lab: Lab) {
  const [there, back] = await Promise.all([seen(lab.internet), seen(lab.behind)]);
  return { there, back };
}

async function count(machine: Namespace, match: string): Promise<void> {
  const rules = sizes.map(
    (size) => `${match} tcp flags syn tcp option maxseg size ${size} counter comment "${size}"`,
  );
  await machine.run(["nft", "-f", "-"], {
    input: `add table inet segments
delete table inet segments
table inet segments {
	chain segments {
		type filter hook input priority filter; policy accept;
		${rules.join("\n\t\t")}
	}
}
`,
  });
}

async function seen(machine: Namespace): Promise<readonly number[]> {
  const { stdout } = await machine.run(["nft", "list", "table", "inet", "segments"]);
  return [...stdout.matchAll(/counter packets ([0-9]+) .* comment "([0-9]+)"/g)].flatMap(
    ([, packets, size]) => (packets === "0" ? [] : [Number(size)]),
  );
}
