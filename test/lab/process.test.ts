import { describe, expect, test } from "vitest";
import { Process } from "./process.ts";

function shell(script: string): Process {
  return new Process("a script", ["sh", "-c", script]);
}

describe("says()", () => {
  test("resolves for lines of both outputs, also those that came before", async () => {
    const process = shell("echo one; echo two >&2; echo one more; exec cat");
    await process.says("one", { times: 2 });
    await process.says("two");
    await process.says("one");
    expect(process.lines.map(({ text }) => text).toSorted()).toEqual(["one", "one more", "two"]);
    await process.kill();
  });

  test("rejects when the time is up, and shows what was said", async () => {
    const process = shell("echo something else; exec cat");
    await expect(process.says("the word", { seconds: 0.5 })).rejects.toThrow(
      'a script: 0.5 s went by while waiting for "the word"; it said:\n    something else',
    );
    await process.kill();
  });

  test("rejects when the process ends while it waits, and afterwards", async () => {
    const process = shell("read line; echo last words");
    const waiting = process.says("the word");
    process.tell("go on");
    await expect(waiting).rejects.toThrow(/ended while .*\n {4}last words$/);
    await expect(process.says("the word")).rejects.toThrow('had ended while waiting for "the word"');
    await process.says("last words");
  });
});

describe("exited()", () => {
  test("tells the code or the signal", async () => {
    expect(await shell("exit 3").exited()).toEqual({ code: 3, signal: null });
    expect(await shell("kill -TERM $$").exited()).toEqual({ code: null, signal: "SIGTERM" });
  });

  test("rejects when the process goes on", async () => {
    const process = shell("exec cat");
    await expect(process.exited(0.2)).rejects.toThrow("a script: still running after 0.2 s");
    expect(await process.kill()).toEqual({ code: null, signal: "SIGKILL" });
  });
});

test("a Process that cannot be started throws", () => {
  expect(() => new Process("nothing", ["/nonexistent/program"])).toThrow(
    "could not start /nonexistent/program",
  );
});
