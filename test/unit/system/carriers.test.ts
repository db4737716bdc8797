import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { findCarriers } from "../../../lib/system/carriers.ts";
import { newFolder } from "./folder.ts";

test("findCarriers() leaves inner profiles out: what goes to their servers past a tunnel is a leak", async () => {
  const folder = await newFolder();
  await writeFile(`${folder}/home.conf`, "client\nremote 198.51.100.1 1194 udp\n");
  await writeFile(`${folder}/office.conf`, "client\nremote 198.51.100.3 1194 udp\n");
  const carriersBy = async (inner: readonly string[]) => {
    const text = `profiles = ["${folder}/*.conf"]\ninner = ${JSON.stringify(inner)}\n`;
    const { remotes } = await findCarriers(parsePolicy([{ file: "p", text }]), new Map());
    return remotes.map(({ address }) => address.text as string);
  };
  expect(await carriersBy([`${folder}/office.conf`])).toEqual(["198.51.100.1"]);
  expect(await carriersBy([]), "positive control").toEqual(["198.51.100.1", "198.51.100.3"]);
});
