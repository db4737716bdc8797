/** A kernel before 5.16 has no egress hook: that layer is missing, status says so, and everything else works. */
import { chmod, copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Installation, install } from "./installation.ts";
import type { Options } from "./machine.ts";

/** Puts in nft's place one that says what such a kernel says, and asks the real one for everything else. */
async function withoutEgressHook({ folder }: Installation): Promise<Options> {
  const real = join(folder, "real-nft");
  const fake = join(folder, "fake-nft");
  await copyFile("/usr/sbin/nft", real);
  const script = `#!/bin/sh
input=$(/bin/cat)
case "$input" in *"hook egress"*)
  echo '/dev/stdin:19:8-18: Error: Could not process rule: Operation not supported' >&2
  exit 1
esac
printf '%s\\n' "$input" | '${real}' "$@"
`;
  await writeFile(fake, script);
  await Promise.all([real, fake].map((path) => chmod(path, 0o755)));
  return { prepare: `mount --bind '${fake}' /usr/sbin/nft` };
}

test("between bridges nothing is let through that only the NIC guard would stop", async () => {
  const installation = await install('[forward]\nfrom = ["docker0"]\n');
  const rules = await installation.run(["print"]);
  expect(rules.stdout).toContain('"5 forwarded: between bridges"');
  const old = await installation.run(["print"], { through: ["setarch", "--uname-2.6"] });
  expect(old).toMatchObject({ exitCode: 0 });
  expect(old.stdout).not.toContain('meta iifkind "bridge"');
});

test("without the egress hook everything else works, and status says what is missing", async () => {
  const installation = await install();
  const { machine } = installation;
  await machine.sh("ip link add eth0 type veth peer name far");
  await installation.addTunnel();
  const options = await withoutEgressHook(installation);
  const enabled = await installation.run(["enable"], options);
  expect(enabled).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("warning: without the NIC guard: this kernel cannot do it") as string,
  });
  expect(await installation.hook("up", {}, options)).toMatchObject({ exitCode: 0 });
  const told = await installation.run(["status"], options);
  expect(told).toMatchObject({ exitCode: 0 });
  expect(told.stdout).toMatch(/^OPEN through tun0 since /);
  expect(told.stdout).toContain("NIC guard at eth0: this kernel cannot do it\n");
  expect(told.stdout).toContain("ARP: as asked\n");
  expect(await machine.sh("nft list tables")).not.toContain("netdev");
  await installation.hook("down", {}, options);
  expect((await installation.run(["status"], options)).stdout).toMatch(/^CLOSED/);
  expect(await installation.run(["disable"], options)).toMatchObject({ exitCode: 0 });
  expect(await machine.sh("nft list tables")).toBe("");
});
