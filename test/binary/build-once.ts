import { ensureBinary } from "../../build/binary.ts";

/** Before the tests that start the binary: there is one in dist/, made of the sources as they are now. */
export default async function buildOnce(): Promise<void> {
  await ensureBinary(process.arch === "arm64" ? "arm64" : "x64");
}
