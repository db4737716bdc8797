import { type Address, parseAddress } from "../address.ts";
import { parsePort } from "../port.ts";
import { isRemoteFile } from "../policy/remote-profiles.ts";
import { quote } from "../refusal.ts";
import { UsageRefusal } from "./command-line.ts";
import type { Trusted } from "./refreshed-pins.ts";

/** What `route-up` knows of a connection, and hands to `refresh` on the command line. */
export type Connection = {
  /** An absolute path, or what stands for a server of the policy's own. */
  readonly profile: string;
  readonly trusted?: Trusted | undefined;
  /** Where the server would have names resolved. */
  readonly resolvers: readonly Address[];
};

/** PROFILE, the server as ADDRESS/PORT or "-", and then the resolvers. */
export function formatConnection({ profile, trusted, resolvers }: Connection): readonly string[] {
  const server = trusted === undefined ? "-" : `${trusted.address.text}/${trusted.port}`;
  return [profile, server, ...resolvers.map(({ text }) => text)];
}

/** Throws UsageRefusal. */
export function parseConnection(words: readonly string[]): Connection {
  const [profile = "", server = "", ...rest] = words;
  const trusted = parseServer(server);
  const resolvers = rest.map((text) => parseAddress(text));
  if (
    (profile.startsWith("/") || isRemoteFile(profile)) &&
    (trusted !== undefined || server === "-") &&
    resolvers.every((each) => each !== undefined)
  ) {
    return { profile, trusted, resolvers };
  }
  throw new UsageRefusal(
    `refresh does not understand ${quote(words.join(" "))}`,
    "leave it to route-up to run this",
  );
}

function parseServer(server: string): Trusted | undefined {
  const [text = "", portText = "", ...rest] = server.split("/");
  const address = parseAddress(text);
  const port = parsePort(portText);
  return address === undefined || port === undefined || rest.length > 0 ? undefined : { address, port };
}
