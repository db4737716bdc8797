/**
 * What a laboratory has on the machine: namespaces and folders. Their names say who made them
 * (`vf-PID-START-RANDOM…`), so that what a killed test run left behind can be told from what a running one is using.
 */
import { readFileSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namespaceNames, removeNamespaces } from "./namespace.ts";

/** A name that no other laboratory has: letters, digits and hyphens. */
export function newName(): string {
  const random = Math.random().toString(36).slice(2, 8).padEnd(6, "0");
  return `vf-${process.pid}-${startTime(process.pid) ?? "0"}-${random}`;
}

/** A new folder that every user may read, since OpenVPN's hooks run as OpenVPN's user. */
export async function makeFolder(name: string): Promise<string> {
  const path = join(tmpdir(), name);
  await mkdir(path, { mode: 0o755 });
  return path;
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Removes what laboratories left behind whose process is gone, and nothing else. */
export async function sweep(): Promise<void> {
  const [namespaces, files] = await Promise.all([namespaceNames(), readdir(tmpdir())]);
  await removeNamespaces(namespaces.filter((name) => isAbandoned(name)));
  await Promise.all(
    files.filter((name) => isAbandoned(name)).map((name) => removeFolder(join(tmpdir(), name))),
  );
}

function isAbandoned(name: string): boolean {
  const [, pid, start] = /^vf-(\d+)-(\d+)-[0-9a-z]{6}(-[a-z]+)?$/.exec(name) ?? [];
  return pid !== undefined && startTime(Number(pid)) !== start;
}

/** When the process started, in clock ticks since boot: with the pid it names one process for ever. */
function startTime(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name stands in parentheses and may contain anything, also parentheses.
    return status.slice(status.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
