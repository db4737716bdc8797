import { Resolver } from "node:dns/promises";
import { type Address, parseAddress } from "../address.ts";
import { isReachable } from "../reachable.ts";
import { readBytesIfPresent, systemCode } from "./files.ts";
import { largestAddressCount } from "./pins.ts";

const resolvConf = "/etc/resolv.conf";
/** The servers that systemd-resolved asks. It answers by itself as well, from /etc/hosts: so from what we have put there. */
const resolvedConf = "/run/systemd/resolve/resolv.conf";
const resolvedStubs: readonly string[] = ["127.0.0.53", "127.0.0.54"];

/** For the first question to a server; the next one waits for twice as long. */
const questionMilliseconds = 2000;
const questions = 3;

/** Whom this machine asks for names, those excepted that would answer from /etc/hosts. Throws Refusal for a file that is none. */
export function systemServers(files = { resolvConf, resolvedConf }): readonly Address[] {
  const servers = nameservers(files.resolvConf);
  const others = servers.filter(({ text }) => !resolvedStubs.includes(text));
  return others.length === servers.length ? servers : [...others, ...nameservers(files.resolvedConf)];
}

function nameservers(file: string): readonly Address[] {
  const lines = (readBytesIfPresent(file)?.toString("latin1") ?? "").split("\n");
  return lines.flatMap((line) => {
    const [keyword, server = ""] = line.trim().split(/\s+/);
    return keyword === "nameserver" ? (parseAddress(server) ?? []) : [];
  });
}

/**
 * The addresses of a name, of both families, by asking DNS servers and nothing else: getaddrinfo() reads /etc/hosts. Without any, a
 * word why.
 */
export async function askServers(
  name: string,
  servers: readonly Address[],
  milliseconds: number,
): Promise<readonly Address[] | string> {
  if (servers.length === 0) return "no DNS server";
  const resolver = new Resolver({ timeout: questionMilliseconds, tries: questions });
  resolver.setServers(servers.map(({ text }) => text));
  const limit = setTimeout(() => resolver.cancel(), milliseconds);
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const texts = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const [failure] = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    return texts.length === 0 && failure !== undefined ? systemCode(failure) : usable(texts);
  } finally {
    clearTimeout(limit);
  }
}

/** What of an answer a remote can have, or a word why there is nothing. */
export function usable(answer: readonly string[]): readonly Address[] | string {
  const addresses = [...new Set(answer)].flatMap((text) => parseAddress(text) ?? []).filter(isReachable);
  if (addresses.length > largestAddressCount) return `more than ${largestAddressCount} addresses`;
  return addresses.length > 0 ? addresses : "no address that another machine can have";
}
