import { type Endpoint, type Profile, parseProfile } from "../../../lib/openvpn/profile.ts";
import { Refusal } from "../../../lib/refusal.ts";

/** Files beside the profile, by path. */
export type Files = Readonly<Record<string, string>>;

/** The profile `a`, whose text is given as the characters of a JavaScript string and read as UTF-8 bytes. */
export function profile(text: string, files: Files = {}): Profile {
  return parseProfile("a", (path) => {
    const found = path === "a" ? text : files[path];
    if (found === undefined) throw new Refusal(`Cannot read ${path}`, "make it");
    return Buffer.from(found, "utf8").toString("latin1");
  });
}

/** `PROTOCOL HOST PORT FAMILIES` of each endpoint: "udp 192.0.2.1 1194 4". */
export function endpoints(text: string, files?: Files): string[] {
  return profile(text, files).endpoints.map(showEndpoint);
}

export function showEndpoint({ protocol, host, port, families }: Endpoint): string {
  return `${protocol} ${host.text} ${port} ${families.join("")}`;
}

/** What is said when the profile is refused. */
export function refusal(text: string, files?: Files): string {
  return refusalFrom(() => profile(text, files)).message;
}

export function refusalFrom(action: () => unknown): Refusal {
  const outcome = outcomeOf(action);
  if (outcome instanceof Refusal) return outcome;
  throw new Error(`Expected a refusal, got ${JSON.stringify(outcome)}`);
}

/** What comes of it; anything thrown that is no refusal is a fault, and goes through. */
export function outcomeOf<Value>(action: () => Value): Value | Refusal {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
