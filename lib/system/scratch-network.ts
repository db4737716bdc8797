import { execa } from "execa";
import { Refusal } from "../refusal.ts";
import type { Run } from "./process.ts";
import { run } from "./run.ts";

/** For all that is done there. */
const milliseconds = 60_000;

/**
 * Lets `work` run commands in a network namespace that exists only for it: rules can be tried there, and nothing
 * of the machine's is touched. Throws Refusal where the system gives no namespace.
 */
export async function inScratchNetwork<Value>(work: (runThere: Run) => Promise<Value>): Promise<Value> {
  const holder = execa("/usr/bin/unshare", ["--net", "--", "/bin/cat"], {
    env: {},
    extendEnv: false,
    reject: false,
    timeout: milliseconds,
  });
  try {
    // The echo says that cat runs, and so that the namespace is there.
    holder.stdin.write("ready\n");
    const { value: echo } = await holder.iterable()[Symbol.asyncIterator]().next();
    if (echo !== "ready" || holder.pid === undefined) throw unavailable();
    const enter = [`--net=/proc/${holder.pid}/ns/net`, "--"];
    return await work(({ file, args, ...rest }) =>
      run({ file: "/usr/bin/nsenter", args: [...enter, file, ...args], ...rest }),
    );
  } finally {
    holder.kill("SIGKILL");
    await holder;
  }
}

function unavailable(): Refusal {
  return new Refusal(
    "Cannot make a network namespace to compare the rules in",
    "run it as root, with CAP_SYS_ADMIN, which containers seldom have, and util-linux installed",
  );
}
