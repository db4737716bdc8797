import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary, start, temporaryFolder, versionLine } from "./subject.ts";

const quiet = { exitCode: 0, stdout: versionLine, stderr: "", timedOut: false };

test("the binary runs with an empty environment", async () => {
  expect(await start(binary, ["--version"])).toEqual(quiet);
});

describe("the binary ignores what would change another Node:", () => {
  // `%` stands for a folder of the test's.
  test.for([
    "NODE_OPTIONS=--require=%/intruder.cjs",
    "NODE_OPTIONS=--import=%/intruder.cjs",
    "NODE_OPTIONS=--no-such-option",
    "NODE_OPTIONS=--max-old-space-size=1",
    "NODE_OPTIONS=--cpu-prof --cpu-prof-dir=%/written",
    "NODE_OPTIONS=--inspect-brk=127.0.0.1:0",
    "OPENSSL_CONF=%/openssl.cnf",
    "NODE_EXTRA_CA_CERTS=%/missing.pem",
    "NODE_PATH=%",
    "NODE_DEBUG=*",
    "NODE_DEBUG_NATIVE=all",
    "NODE_ICU_DATA=%/missing",
    "NODE_CHANNEL_FD=1",
    "NODE_UNIQUE_ID=1",
    "NODE_PENDING_DEPRECATION=1",
    "NODE_REDIRECT_WARNINGS=%/written/warnings",
    "NODE_TLS_REJECT_UNAUTHORIZED=0",
    "NODE_USE_SYSTEM_CA=1",
    "UV_THREADPOOL_SIZE=0",
    "SSLKEYLOGFILE=%/written/keys",
  ])("%s", async (variable) => {
    const folder = await intrudersFolder();
    const [name = "", ...value] = variable.replaceAll("%", folder).split("=");
    expect(await start(binary, ["--version"], { cwd: folder, env: { [name]: value.join("=") } })).toEqual(
      quiet,
    );
    expect((await readdir(folder)).toSorted()).toEqual(["intruder.cjs", "openssl.cnf"]);
  });
});

test("the intruders of these tests are real: an ordinary Node runs them", async () => {
  const folder = await intrudersFolder();
  await start(process.execPath, ["-e", "0"], { env: { NODE_OPTIONS: `--require=${folder}/intruder.cjs` } });
  expect(await readdir(folder)).toContain("intruded");

  const { exitCode } = await start(process.execPath, ["-e", "0"], {
    env: { OPENSSL_CONF: `${folder}/openssl.cnf` },
  });
  expect(exitCode).not.toBe(0);
});

test("NODE_REPL_EXTERNAL_MODULE makes the binary fail, and is not run", async () => {
  const folder = await intrudersFolder();
  const outcome = await start(binary, ["--version"], {
    env: { NODE_REPL_EXTERNAL_MODULE: `${folder}/intruder.cjs` },
  });
  expect(outcome.exitCode).toBe(9);
  expect(outcome.stdout).toBe("");
  expect(await readdir(folder)).not.toContain("intruded");
});

/** A folder with a module that leaves a file beside itself when it is run, and a configuration that OpenSSL refuses. */
async function intrudersFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(
    join(folder, "intruder.cjs"),
    `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "intruded"))}, "")`,
  );
  await writeFile(join(folder, "openssl.cnf"), "[no end");
  return folder;
}
