import { setTimeout as wait } from "node:timers/promises";
import { listRules } from "../firewall/nft.ts";
import { isOwned } from "../firewall/stands.ts";
import { Refusal } from "../refusal.ts";
import { notifyReady } from "../system/notify.ts";
import { run } from "../system/run.ts";
import { loadLinkLayers } from "./link-layers.ts";
import { LockKeeper } from "../guard/lock-keeper.ts";
import { note, tell, warn } from "./messages.ts";
import { OwnedTable, cannotOwn } from "../guard/owned-table.ts";
import type { Settings } from "./settings.ts";
import { Watch } from "../guard/watch.ts";

/** In case a change was not heard of. */
const lookMilliseconds = 10_000;
/** To try again after a failure. */
const retryMilliseconds = 1000;

/**
 * Runs until SIGTERM or SIGINT. It owns the NIC guard's table, which no other program can flush then, extends it to NICs that
 * appear, and puts the other tables back when another program changes them. When it is told to end, all of it stays in force;
 * when it is killed, its own table goes and the lock stays. Throws Refusal when a program that it needs ends.
 */
export async function guard(settings: Settings): Promise<number> {
  const watch = new Watch();
  let stopped = false;
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopped = true;
      watch.notice();
    });
  }
  try {
    const keeper = await LockKeeper.read(settings);
    // Before anything is put in force: one that is refused changes nothing, also where the policy was edited.
    if (isOwned(await listRules(["netdev"], run))) throw cannotOwn();
    await keeper.check();
    await own(keeper, watch, () => stopped);
    return 0;
  } finally {
    await watch.end();
  }
}

async function own(keeper: LockKeeper, watch: Watch, isStopped: () => boolean): Promise<void> {
  const table = new OwnedTable();
  let failure: string | undefined;
  for (const ended of [watch.ended, table.ended]) {
    void ended.then((how) => {
      failure ??= how;
      watch.notice();
    });
  }
  try {
    await table.hold(keeper.nicGuard());
    await untilListening(watch, table, keeper);
    note("on guard: other programs cannot flush the rules at the NICs, and the lock comes back");
    if (!(await notifyReady())) warn("systemd could not be told that the guard is ready");
    while (!isStopped()) {
      await look(keeper, table, watch);
      await watch.changed(lookMilliseconds);
      if (failure !== undefined) throw helperEnded(failure);
    }
    await table.giveBack(keeper.nicGuard());
    note("off guard: the rules stay in force, and other programs can flush them");
  } catch (error) {
    // Its table goes with nft, and one that belongs to nobody takes its place.
    await table.end();
    await loadLinkLayers([keeper.nicGuard()], run);
    throw error;
  }
}

function helperEnded(how: string): Refusal {
  return new Refusal(
    `A program that the guard needs has ended: ${how}`,
    "the lock stands; start the guard again, as systemd does by itself",
  );
}

/** What fails here has opened nothing, and mostly mends itself: a NIC that has just gone, a policy that is being edited. */
async function look(keeper: LockKeeper, table: OwnedTable, watch: Watch): Promise<void> {
  try {
    await keeper.check();
    await table.hold(keeper.nicGuard());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tell(error);
    setTimeout(() => watch.notice(), retryMilliseconds).unref();
  }
}

/** Until then, changes pass unseen. Our own table, made anew, is something to tell of. */
async function untilListening(watch: Watch, table: OwnedTable, keeper: LockKeeper): Promise<void> {
  const attempts = 40;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const heard = await Promise.race([watch.listening.then(() => true), wait(250, false)]);
    if (heard) return;
    await table.hold(keeper.nicGuard(), "anew");
  }
  throw new Refusal("nft monitor tells of no change", "report this with the output of: nft --version");
}
