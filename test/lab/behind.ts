/** A machine that has the host for its gateway: what it sends is forwarded. */
import { behind, behindGateway } from "./addresses.ts";
import { addNamespaces, Namespace, removeNamespaces } from "./namespace.ts";
import { forwardableKinds, type Selection } from "./probe-plan.ts";

export type MachineBehind = { readonly machine: Namespace; readonly close: () => Promise<void> };

/** The host's device towards it. */
export const behindDevice = "eth1";
/** Ends the markers of what it sends. */
export const behindTag = "behind";
/** It may use the tunnel. */
export const forwarding = `[forward]\nfrom = ["${behindDevice}"]\n`;

/** What another program of the host does for it, as on any gateway: without a lock all of it gets out. */
const sharing = `
table inet theirs {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		iifname "${behindDevice}" oifname != "${behindDevice}" masquerade
	}
}
`;

/** `name` is that of a namespace which is not there yet. */
export async function addMachineBehind(host: Namespace, name: string): Promise<MachineBehind> {
  const machine = new Namespace(name);
  const close = async (): Promise<void> => {
    await machine.stop();
    await removeNamespaces([name]);
  };
  try {
    await addNamespaces([name]);
    await host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", "ipv4/icmp_ratelimit": "0" });
    // From there: the host's view of the names of namespaces is older than this one.
    await machine.ip([`link add eth0 type veth peer name ${behindDevice} netns ${host.name}`]);
    await host.ip([
      `link set ${behindDevice} up`,
      `addr add ${behindGateway.v4}/24 dev ${behindDevice}`,
      `addr add ${behindGateway.v6}/64 dev ${behindDevice} nodad`,
    ]);
    await machine.ip([
      "link set lo up",
      "link set eth0 up",
      `addr add ${behind.v4}/24 dev eth0`,
      `addr add ${behind.v6}/64 dev eth0 nodad`,
      `route add default via ${behindGateway.v4}`,
      `route add default via ${behindGateway.v6}`,
    ]);
    await host.run(["nft", "-f", "-"], { input: sharing });
    return { machine, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of a selection, what such a machine can have forwarded. Whoever runs a program there is nobody to the host. */
export function forwarded({ kinds, also = [], families, bindings = ["plain"] }: Selection): Selection {
  const wanted = [...(kinds ?? forwardableKinds), ...also].filter((kind) => forwardableKinds.includes(kind));
  return {
    kinds: bindings.includes("plain") ? wanted : [],
    ...(families === undefined ? {} : { families }),
    bindings: ["plain"],
    users: ["root"],
  };
}
