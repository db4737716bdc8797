/** Keys and certificates for one test run: a CA, a server and a client, made once per process, on elliptic curves. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { makeFolder, newName, removeFolder } from "./belongings.ts";

export type Identity = { readonly certificate: string; readonly key: string };
export type Pki = { readonly ca: string; readonly server: Identity; readonly client: Identity };

let made: Promise<Pki> | undefined;

export async function makePki(): Promise<Pki> {
  made ??= issue();
  return await made;
}

async function issue(): Promise<Pki> {
  const dir = await makeFolder(newName());
  try {
    await request(dir, "ca", ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    const signed = ["-CA", join(dir, "ca.crt"), "-CAkey", join(dir, "ca.key")];
    const leaf = [
      "-addext",
      "basicConstraints=critical,CA:FALSE",
      "-addext",
      "keyUsage=critical,digitalSignature",
    ];
    await Promise.all([
      request(dir, "server", [...signed, ...leaf, "-addext", "extendedKeyUsage=serverAuth"]),
      request(dir, "client", [...signed, ...leaf, "-addext", "extendedKeyUsage=clientAuth"]),
    ]);
    const read = async (name: string): Promise<string> => await readFile(join(dir, name), "utf8");
    const identity = async (name: string): Promise<Identity> => ({
      certificate: await read(`${name}.crt`),
      key: await read(`${name}.key`),
    });
    return { ca: await read("ca.crt"), server: await identity("server"), client: await identity("client") };
  } finally {
    await removeFolder(dir);
  }
}

async function request(dir: string, name: string, more: readonly string[]): Promise<void> {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  const files = ["-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.crt`)];
  await execa("openssl", [
    "req",
    "-x509",
    ...curve,
    ...files,
    "-days",
    "30",
    "-subj",
    `/CN=${name}.example`,
    ...more,
  ]);
}
