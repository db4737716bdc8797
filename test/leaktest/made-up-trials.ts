/** Results for the tests of what shows them: every kind of outcome, and names with characters that mean something in HTML. */
import type { Trial } from "./outcome.ts";

export const madeUpTrials: readonly Trial[] = [
  {
    subject: "no <firewall>",
    history: "SIGKILL & again",
    outcome: {
      kind: "leaks",
      frames: 231,
      withData: 200,
      first: "udp 192.168.1.2:61004 > 203.0.113.53:53, DNS",
    },
  },
  {
    subject: "no <firewall>",
    history: "a remote over TCP",
    outcome: { kind: "leaks", frames: 1, withData: 0, first: "igmp 192.168.1.2 > 224.0.0.22" },
  },
  { subject: "ours", history: "SIGKILL & again", outcome: { kind: "closed" } },
  { subject: "ours", history: "a remote over TCP", outcome: { kind: "closed" } },
  {
    subject: "too much",
    history: "SIGKILL & again",
    outcome: { kind: "does not connect", why: "client: 20 s went by" },
  },
  {
    subject: "too much",
    history: "a remote over TCP",
    outcome: { kind: "not judged", why: "not armed: exit 1" },
  },
];
