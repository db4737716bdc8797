/**
 * What can happen to a machine with a VPN, told once and run with any subject. A history calls `judgeFromNow()`
 * where the part begins that it is about, so that the positive control leaks in that part too.
 */
import type { Lab } from "./lab.ts";
import type { ProfileOptions } from "./profile.ts";

export type History = {
  readonly name: string;
  readonly profile?: Partial<ProfileOptions>;
  readonly run: (lab: Lab) => Promise<void>;
};

export const histories: readonly History[] = [
  {
    name: "before the first connection",
    run: async (lab) => {
      await lab.probe();
    },
  },
  {
    name: "connecting, and connected",
    run: async (lab) => {
      await whileProbing(lab, async () => {
        await lab.connect();
      });
      await expectTunnel(lab);
      await lab.probe();
    },
  },
  {
    name: "SIGKILL, and connecting again",
    run: async (lab) => {
      const vpn = await lab.connect();
      await lab.judgeFromNow();
      await whileProbing(lab, async () => {
        await vpn.kill();
      });
      await lab.probe();
      await lab.connect();
      await expectTunnel(lab);
    },
  },
  {
    name: "SIGTERM, and connecting again",
    run: async (lab) => {
      const vpn = await lab.connect();
      await lab.judgeFromNow();
      await whileProbing(lab, async () => {
        await vpn.stop();
      });
      await lab.probe();
      await lab.connect();
      await expectTunnel(lab);
    },
  },
  reconnecting("SIGHUP", {}),
  reconnecting("SIGUSR1", {}),
  reconnecting("SIGUSR1", { persistTun: true }),
  reconnecting("SIGUSR1", { persistTun: true, user: "nobody" }),
  {
    name: "the server gone, and back",
    run: async (lab) => {
      const vpn = await lab.connect();
      await lab.judgeFromNow();
      await lab.server("udp").stop();
      await whileProbing(lab, async () => {
        await vpn.says("Inactivity timeout", { seconds: 30 });
      });
      await lab.probe();
      await lab.server("udp").start();
      await vpn.connected({ times: 2, seconds: 30 });
      await expectTunnel(lab);
    },
  },
  {
    name: "two remotes, the first dead",
    profile: { remotes: ["dead", "udp"] },
    run: async (lab) => {
      const vpn = await lab.start();
      await whileProbing(lab, async () => {
        await vpn.connected();
      });
      await expectTunnel(lab);
      await lab.probe();
    },
  },
  {
    name: "two remotes, and the one in use dies",
    profile: { remotes: ["udp", "second"] },
    run: async (lab) => {
      const vpn = await lab.connect();
      await lab.judgeFromNow();
      await lab.server("udp").stop();
      await whileProbing(lab, async () => {
        await vpn.connected({ times: 2, seconds: 40 });
      });
      await expectTunnel(lab);
    },
  },
  connecting("a remote over IPv6", { remotes: ["udp6"] }),
  connecting("a remote over TCP", { remotes: ["tcp"] }),
  connecting("a profile with a mark", { remotes: ["udp"], mark: 1194 }),
  {
    name: "the link down, and up again",
    run: async (lab) => {
      const vpn = await lab.connect();
      await lab.judgeFromNow();
      await lab.host.ip(["link set eth0 down", "link set eth0 up"]);
      await lab.host.ip([
        "route replace default via 192.168.1.1 dev eth0",
        "addr replace 2001:db8:1::2/64 dev eth0 nodad",
        "route replace default via 2001:db8:1::1 dev eth0",
      ]);
      await lab.probe();
      vpn.signal("SIGUSR1");
      await vpn.connected({ times: 2, seconds: 40 });
      await expectTunnel(lab);
    },
  },
];

function connecting(name: string, profile: Partial<ProfileOptions>): History {
  return {
    name,
    profile,
    run: async (lab) => {
      const vpn = await lab.connect();
      await expectTunnel(lab);
      await lab.probe();
      await lab.judgeFromNow();
      await vpn.kill();
      await lab.probe();
    },
  };
}

function reconnecting(signal: NodeJS.Signals, profile: Partial<ProfileOptions>): History {
  const { persistTun = false, user } = profile;
  return {
    name: [signal, persistTun ? "with persist-tun" : "", user === undefined ? "" : `as user ${user}`]
      .filter((word) => word !== "")
      .join(" "),
    profile,
    run: async (lab) => {
      const vpn = await lab.connect();
      await lab.judgeFromNow();
      await whileProbing(lab, async () => {
        vpn.signal(signal);
        await vpn.connected({ times: 2, seconds: 30 });
      });
      await expectTunnel(lab);
    },
  };
}

/** Sends probes of every kind, again and again, for as long as `work` takes. */
async function whileProbing(lab: Lab, work: () => Promise<void>): Promise<void> {
  const state = { working: true };
  const done = work().finally(() => {
    state.working = false;
  });
  // Where probing fails first, nobody waits for the other any more.
  done.catch(() => {});
  // At least once. Bounded by the deadline that each wait of a history has.
  do await lab.probe();
  while (state.working);
  await done;
}

async function expectTunnel(lab: Lab): Promise<void> {
  if (await lab.reachesThroughTunnel()) return;
  const { v4, v6 } = await lab.reach();
  throw new Error(`wanted traffic does not flow: IPv4 ${v4}, IPv6 ${v6}`);
}
