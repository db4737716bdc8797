/** A machine without nft, with another one than it should be, or without the right to use it. */
import { chmod, copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, expectRefusal, install } from "./installation.ts";
import type { Options, Outcome } from "./machine.ts";

type Act = (installation: Installation, options?: Options) => Promise<Outcome>;

const acts: Readonly<Record<string, Act>> = {
  enable: (installation, options) => installation.run(["enable"], options),
  disable: (installation, options) => installation.run(["disable"], options),
  status: (installation, options) => installation.run(["status"], options),
  up: (installation, options) => installation.hook("up", {}, options),
  "route-up": (installation, options) => installation.hook("route-up", {}, options),
  "route-pre-down": (installation, options) => installation.hook("route-pre-down", {}, options),
  down: (installation, options) => installation.hook("down", {}, options),
};

async function expectAllRefuse(
  installation: Installation,
  says: string,
  options: Options,
  names = Object.keys(acts),
): Promise<void> {
  for (const name of names) {
    const exitCode = name === "down" || name === "route-pre-down" ? 0 : 1;
    const said = await expectRefusal(installation, exitCode, async () => {
      const outcome = await acts[name]?.(installation, options);
      if (outcome === undefined) throw new Error(`there is no ${name}`);
      return outcome;
    });
    expect(said, name).toContain(says);
  }
}

/** Puts a script in nft's place, for one command. */
async function fakeNft(installation: Installation, script: string, mode = 0o755): Promise<Options> {
  const path = join(installation.folder, "nft");
  await writeFile(path, script);
  await chmod(path, mode);
  return { prepare: `mount --bind '${path}' /usr/sbin/nft` };
}

const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** The nft of Debian 11, which knows no `destroy`, and no set of this kind. */
const tooOld = `#!/bin/sh
[ "$1" = --version ] && echo 'nftables v0.9.8 (E.D.S.)' && exit 0
echo '/dev/stdin:7:3-7: Error: syntax error, unexpected type' >&2
exit 1
`;

describe.each([
  { state: "open", closed: false },
  { state: "closed", closed: true },
])("a machine that is $state stays so", ({ closed }) => {
  async function installed(): Promise<Installation> {
    const installation = await install();
    await installation.addTunnel();
    if (closed) await installation.succeed("enable");
    return installation;
  }

  test("without nft", async () => {
    const installation = await installed();
    const prepare = "mount -t tmpfs none /usr/sbin";
    await expectAllRefuse(installation, "Cannot find nft at /usr/sbin/nft", { prepare });
  });

  test("with an nft that cannot be run", async () => {
    const installation = await installed();
    await expectAllRefuse(installation, "EACCES", await fakeNft(installation, "#!/bin/sh\n", 0o644));
  });

  test("with an nft that is too old", async () => {
    const installation = await installed();
    await expectAllRefuse(installation, "0.9.8 is too old", await fakeNft(installation, tooOld));
  });

  test("with an nft that hangs", async () => {
    const installation = await installed();
    const options = await fakeNft(installation, "#!/bin/sh\nexec /bin/sleep 600\n");
    await expectAllRefuse(installation, "did not answer in time", options, ["enable", "up", "down"]);
  });

  test("with an nft that hangs in a child of its own", async () => {
    const installation = await installed();
    const options = await fakeNft(installation, "#!/bin/sh\n/bin/sleep 40\n");
    await expectAllRefuse(installation, "did not answer in time", options, ["up"]);
  });

  test("with an nft that is killed", async () => {
    const installation = await installed();
    await expectAllRefuse(
      installation,
      "SIGKILL",
      await fakeNft(installation, "#!/bin/sh\n/bin/cat >/dev/null\nkill -9 $$\n"),
    );
  });

  test("with an nft that fails for a reason of its own", async () => {
    const installation = await installed();
    const script = "#!/bin/sh\nprintf 'Error: \\033]0;owned\\007\\n' >&2\nexit 1\n";
    await expectAllRefuse(installation, "\\u{1b}]0;owned", await fakeNft(installation, script));
  });

  test("as another user than root", async () => {
    const installation = await installed();

    await expectAllRefuse(installation, "Operation not permitted", { through: asNobody });
  });

  test("as root without the capability", async () => {
    const installation = await installed();
    const through = ["setpriv", "--bounding-set=-net_admin"];
    await expectAllRefuse(installation, "Operation not permitted", { through });
  });

  test("where a profile or a policy is not for this user to read", async () => {
    const installation = await installed();
    const through = [...asNobody, "--inh-caps=+net_admin", "--ambient-caps=+net_admin"];
    for (const path of [installation.profile, installation.policy]) {
      await chmod(path, 0o600);
      await expectAllRefuse(installation, `${path}: EACCES`, { through }, ["status", "up", "route-up"]);
      await chmod(path, 0o644);
    }
  });
});

test("status refuses a listing that it does not know", async () => {
  const installation = await install();
  for (const listing of ["", "[]", '{"nftables":[{"metainfo":{"json_schema_version":2}}]}']) {
    const options = await fakeNft(installation, `#!/bin/sh\necho '${listing}'\n`);
    await expectAllRefuse(installation, "a form that is not known", options, ["status"]);
  }
});

test("rules of another program that nft cannot list are no hindrance", async () => {
  const installation = await install();
  await installation.addTunnel();
  const real = join(installation.folder, "real-nft");
  await copyFile("/usr/sbin/nft", real);
  await chmod(real, 0o755);
  const script = `#!/bin/sh\ncase "$*" in *ruleset*) kill -SEGV $$; esac\nexec '${real}' "$@"\n`;
  const options = await fakeNft(installation, script);
  const succeed = async (...names: readonly string[]) => {
    for (const act of names) {
      const outcome = await acts[act]?.(installation, options);
      expect(outcome, act).toMatchObject({ exitCode: 0 });
    }
  };
  await succeed("enable", "status", "up", "route-up");
  expect(await installation.machine.lock()).toContain('"tun0" . "tun0"');
  await succeed("status", "down", "disable");
});

test("standard output and standard error may be closed", async () => {
  const installation = await install();
  await installation.addTunnel();
  for (const prepare of ["exec >&-", "exec 2>&-", "exec >&- 2>&-", "exec <&- >&- 2>&-"]) {
    expect(await installation.run(["enable"], { prepare })).toMatchObject({ exitCode: 0 });
    expect(await installation.hook("up", {}, { prepare })).toMatchObject({ exitCode: 0 });
    expect(await installation.run(["status"], { prepare })).toMatchObject({ exitCode: 0 });
    expect(await installation.hook("up", { dev: "lo" }, { prepare })).toMatchObject({ exitCode: 1 });
    expect(await installation.hook("down", {}, { prepare })).toMatchObject({ exitCode: 0 });
  }
});

test.each(["head -c 10", "true"])("no more of a result has to be read than %s does", async (reader) => {
  const installation = await install();
  const words = `print --policy '${installation.policy}' --state '${installation.state}'`;
  const shown = await installation.machine.sh(
    `{ { '${binary}' ${words}; echo "exit $?" >&3; } | ${reader}; } 3>&1`,
  );
  expect(shown).toContain("exit 0");
});

test("a result that cannot be written in full is an error", async () => {
  const installation = await install();
  await installation.succeed("enable");
  for (const word of ["print", "status"]) {
    const said = await expectRefusal(installation, 1, () =>
      installation.run([word], { prepare: "exec >/dev/full" }),
    );
    expect(said).toContain("ENOSPC");
  }
});
