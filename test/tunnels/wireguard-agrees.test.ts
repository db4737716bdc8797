/** What we read in a file of wg-quick's is what wg-quick and wg make of it; where they refuse it, so do we. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../binary/subject.ts";
import { newMachine } from "../lab/machine.ts";
import { Refusal } from "../../lib/refusal.ts";
import { parseQuickFile } from "../../lib/wireguard/quick-file.ts";
import { packaged } from "./tunnel.ts";

const secret = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const keys = ["xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="];

function peer(number: 0 | 1, ...lines: readonly string[]): string {
  return ["[Peer]", `PublicKey = ${keys[number]}`, ...lines, ""].join("\n");
}

const plain = `[Interface]\nPrivateKey = ${secret}\nFwMark = 7\n${peer(0, "Endpoint = 192.0.2.1:51820")}`;
const files: Readonly<Record<string, string>> = {
  plain,
  hexadecimal: plain.replace("7\n", "0xCA6c\n"),
  largest: plain.replace("7\n", "4294967295\n"),
  tooLarge: plain.replace("7\n", "0x100000000\n"),
  notANumber: plain.replace("7\n", "7a\n"),
  off: plain.replace("FwMark = 7", "FwMark = off"),
  zero: plain.replace("7\n", "0\n"),
  lastMark: plain.replace("FwMark = 7", "FwMark = 7\nFwMark = 9"),
  laterMark: `${plain}[Interface]\nFwMark = 9\n`,
  markInAPeer: `${plain}FwMark = 9\n`,
  letters: plain.replace("FwMark", "FWMARK").replace("[Peer]", "[PEER]").replace("Endpoint", "endpoint"),
  comments: plain.replace("7\n", "7 # nine\n# FwMark = 9\n").replace("51820", "51820#1"),
  spaces: plain.replace("FwMark = 7", "\t FwMark=7 \r"),
  wide: plain.replace("192.0.2.1:51820", "[2001:db8::1]:51820"),
  withoutBrackets: plain.replace("192.0.2.1:51820", "2001:db8::1:51820"),
  withoutPort: plain.replace(":51820", ""),
  portOfAName: plain.replace("51820", "domain"),
  portTooLarge: plain.replace("51820", "65536"),
  short: plain.replace("192.0.2.1", "192.0.513"),
  several: plain + peer(1, "Endpoint = 192.0.2.2:1", "PersistentKeepalive = 25", "AllowedIPs = 0.0.0.0/0"),
  lastEndpoint: plain.replace("51820", "51820\nEndpoint = 192.0.2.9:9"),
  ofWgQuick: plain.replace(
    "FwMark = 7",
    "FwMark = 7\nDNS = 10.8.0.1\nMTU = 1300\nPostUp = true; # FwMark = 8",
  ),
  unknown: plain.replace("FwMark = 7", "FwMark = 7\nFwMarks = 8"),
  otherSection: `${plain}[Peers]\n`,
  noSection: `FwMark = 8\n${plain}`,
};

/** Each by its name: what `wg show dump` says of mark and endpoints; nothing of a file that is refused. */
const script = `
mount -t tmpfs lab /run
wireguard-go -f wg0 >/dev/null 2>&1 &
trap 'kill $!' EXIT
until [ -S /run/wireguard/wg0.sock ]; do sleep 0.05; done
for file in "$0"/*.conf; do
  name=$(basename "$file" .conf)
  if wg-quick strip "$file" 2>/dev/null >/run/stripped && wg setconf wg0 /run/stripped 2>/dev/null
  then echo "$name $(wg show wg0 fwmark) $(wg show wg0 endpoints | cut -f 2 | sort | tr '\\n' ' ')"
  fi
done`;

test("wg and wg-quick agree about the mark and the endpoints of a file", async () => {
  const [machine, folder] = [await newMachine(), await temporaryFolder()];
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, `${name}.conf`), text, { mode: 0o600 });
  const path = `${packaged("usr/bin")}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const { stdout, stderr } = await machine.run("/bin/sh", ["-c", script, folder], { env: { PATH: path } });
  const theirs = new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => [line.split(" ")[0] ?? "", line.trim()]),
  );
  expect(theirs.has("plain"), stderr).toBe(true);

  // Where ours is the stricter one.
  const refusedByUsAlone = ["portTooLarge", "withoutBrackets", "off", "zero", "short", "portOfAName"];
  for (const [name, text] of Object.entries(files)) {
    const isStricter = refusedByUsAlone.includes(name);
    expect(ourReading(name, text), name).toBe(isStricter ? undefined : theirs.get(name));
  }
  expect([...theirs.keys()]).toEqual(expect.arrayContaining(refusedByUsAlone));
});

function ourReading(name: string, text: string): string | undefined {
  try {
    const { sender, endpoints } = parseQuickFile(`/${name}.conf`, text).profile;
    const mark = sender !== undefined && "mark" in sender ? `0x${sender.mark.toString(16)}` : "off";
    const shown = endpoints.map(({ host, port }) =>
      host.family === 6 ? `[${host.text}]:${port}` : `${host.text}:${port}`,
    );
    return `${name} ${mark} ${shown.toSorted().join(" ")}`;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
