/**
 * The machine after README's Install: made once in a test run, since it takes minutes. Before its first line the
 * machine is open and leaks, which is the positive control of everything else.
 */
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../build/root.ts";
import { makeFolder, newName, removeFolder } from "../lab/belongings.ts";
import type { Verdict } from "../lab/oracle.ts";
import type { Reach } from "../lab/reach.ts";
import { ensureImage, type Image } from "./image.ts";
import { makeParcel, type Parcel } from "./parcel.ts";
import { VmLab, type Disk } from "./vm-lab.ts";

type Said = { readonly code: number; readonly text: string };

export type Installed = {
  /** What the machine sent from power-on, before the first line. */
  readonly before: readonly Verdict[];
  /** What each line printed. */
  readonly said: ReadonlyMap<string, string>;
  /** When the tunnel is up: what is reached, what `status` says. */
  readonly reached: Reach;
  readonly status: string;
  /** What each line of README's "See that it works" printed, and its exit code. */
  readonly seen: ReadonlyMap<string, Said>;
  /** What the machine sent that has no reason, from the end of `vpn-firewall enable` until it was off. */
  readonly leaks: readonly Verdict[];
  readonly image: Image;
  readonly parcel: Parcel;
  /** As it was when the machine was off. */
  readonly disk: Disk;
};

/** A line of shell. The tunnel's interface is there before its routes are. */
export const connected =
  "systemctl is-active openvpn-client@home && ip route show dev tun0 | grep 128.0.0.0/1 && ip -6 route show dev tun0 | grep 2000::/4";

let folder: string | undefined;
let made: Promise<Installed> | undefined;

export async function installed(): Promise<Installed> {
  made ??= install();
  return await made;
}

/** A laboratory with a machine on which README's Install was followed, switched off. */
export async function openInstalled(): Promise<VmLab> {
  const { disk, image, parcel } = await installed();
  return await VmLab.open(disk, image, parcel);
}

export async function removeInstalled(): Promise<void> {
  if (folder !== undefined) await removeFolder(folder);
}

/** The lines of the first block below a heading of README's, without their comments. */
export async function readmeLines(heading: "Install" | "See that it works"): Promise<readonly string[]> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const section =
    new RegExp(`^#+ ${heading}\\n(?:(?! {4}).*\\n)*((?: {4}.*\\n)+)`, "m").exec(readme)?.[1] ?? "";
  return section
    .split("\n")
    .map((line) => line.replace(/\s#\s.*/, "").trim())
    .filter((line) => line !== "");
}

async function install(): Promise<Installed> {
  folder = await makeFolder(newName());
  const image = await ensureImage();
  const parcel = await makeParcel(folder);
  await using lab = await VmLab.open({ path: image.disk, format: "raw" }, image, parcel);
  const machine = await lab.switchOn();
  await machine.booted();
  await machine.sh(`mount -r /dev/vdb /mnt && cp /mnt/${parcel.profile} /etc/openvpn/client/home.conf`);
  // Until the sender has tried, and sent, each kind of packet.
  await machine.eventually(`python3 -c '${everyKindSent}'`);
  const before = await lab.verdicts();
  const said = new Map<string, string>();
  for (const line of await readmeLines("Install")) {
    const { stdout, stderr } = await machine.run(["bash", "-ec", `cd /mnt && ${line}`], { seconds: 400 });
    said.set(line, `${stdout}\n${stderr}`);
    if (line === "vpn-firewall enable") await lab.judgeFromNow();
  }
  await machine.eventually(connected);
  const reached = await lab.reach();
  const status = await machine.sh("vpn-firewall status");
  // It starts beside the rest of what `enable` does.
  await machine.eventually("systemctl is-active vpn-firewall-guard");
  const seen = new Map<string, Said>();
  for (const line of await readmeLines("See that it works")) {
    const words = ["bash", "-c", line];
    const { stdout, stderr, code } = await machine.run(words, { seconds: 400, mayFail: true });
    seen.set(line, { code, text: `${stdout}\n${stderr}` });
  }
  await machine.eventually(connected);
  await machine.powerOff();
  const leaks = await lab.leaks();
  const disk = join(folder, "disk");
  await copyFile(lab.disk, disk);
  return {
    before,
    said,
    reached,
    status,
    seen,
    leaks,
    image,
    parcel,
    disk: { path: disk, format: "qcow2" },
  };
}

const everyKindSent = `
import json
counts = json.load(open("/run/sender.json"))
assert len(counts) == 13 and all(sent > 0 for tried, sent in counts.values())`;
