/** Who is here by ssh is asked how to enable, and told what becomes of the connection. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Environment, type Installation, expectRefusal, install } from "./installation.ts";
import type { Options, Outcome } from "./machine.ts";

const connection = { SSH_CONNECTION: "192.0.2.7 50000 192.0.2.2 22" };

async function enable(
  { machine, policy, state }: Installation,
  options: Options,
  ...words: readonly string[]
): Promise<Outcome> {
  return await machine.run(binary, ["enable", ...words, "--policy", policy, "--state", state], options);
}

/** Whoever runs the tests may have come by ssh: so nothing is seen of what is above. */
const hidden = ["unshare", "--pid", "--fork", "--mount-proc"];

/** A parent of this name, with this environment; the command itself gets an empty one, as from sudo. */
async function below(installation: Installation, name: string, env: Environment = {}): Promise<Options> {
  const folder = join(installation.folder, "bin");
  await mkdir(folder, { recursive: true });
  await copyFile("/bin/sh", join(folder, name));
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return { through: [...hidden, "env", ...variables, join(folder, name), "-c", '"$@"; exit $?', "sh"] };
}

test("by the environment, and by that of a parent where sudo has dropped it", async () => {
  const installation = await install();
  const told =
    "You are here by ssh, and the policy cuts this connection from 192.0.2.7 to port 22\nvpn-firewall: hint: run: vpn-firewall enable --confirm 60,";
  for (const options of [{ env: connection }, await below(installation, "bash", connection)])
    expect(await expectRefusal(installation, 2, () => enable(installation, options))).toContain(told);
});

test.for(["sshd", "sshd-session", "dropbear"])("by a parent %s", async (name) => {
  const installation = await install();
  const options = await below(installation, name);
  expect(await expectRefusal(installation, 2, () => enable(installation, options))).toContain(
    "You are here by ssh, and whether the policy keeps its connection is not known",
  );
});

test("nobody else is asked", async () => {
  const installation = await install();
  const options = await below(installation, "sshdog");
  expect(await enable(installation, options)).toMatchObject({ exitCode: 0 });
});

test("with --yes or --confirm, or both, it closes; start, save, disable and status ask nothing", async () => {
  const installation = await install();
  const options = { env: connection };
  const { policy, state, machine } = installation;
  expect(await enable(installation, options, "--yes")).toMatchObject({ exitCode: 0 });
  for (const word of ["start", "save", "status", "disable"]) {
    const words = [word, "--policy", policy, "--state", state];
    expect(await machine.run(binary, words, options), word).toMatchObject({ exitCode: 0 });
  }
  expect(await enable(installation, options, "--yes", "--confirm", "3600")).toMatchObject({ exitCode: 0 });
  expect(await machine.sh("nft list set inet vpn_firewall unconfirmed")).toContain("timeout");
});

test("a policy that is refused is told of first", async () => {
  const installation = await install();
  await writeFile(installation.policy, "stamp = sometimes\n");
  const refused = await expectRefusal(installation, 1, () => enable(installation, { env: connection }));
  expect(refused).toContain("policy.toml:1:");
});
