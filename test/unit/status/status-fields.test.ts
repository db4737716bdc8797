/** The manual has every field of `status --json`, with what it may be; of the binary's own output, test/lab/transcript-status.test.ts. */
import { expect, test } from "vitest";
import { reportInner, reportRemotes } from "../../../lib/status/remotes-report.ts";
import { type Report, reportDisabled, reportLock } from "../../../lib/status/report.ts";
import { parseUid } from "../../../lib/firewall/statement.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { profile } from "../openvpn/parse.ts";
import { chains, listing, policy, seenWith, sets } from "./seen.ts";
import { documented, documentedWhereDisabled, fieldsOf } from "./status-fields.ts";

const lookup = {
  addressesOf: () => [],
  uidOf: () => {
    const uid = parseUid("65534");
    if (uid === undefined) throw new Error("65534 is a user's number");
    return uid;
  },
};

function remotes(lines: string, identity: Policy["identity"] = "auto") {
  return reportRemotes({ ...policy, identity }, [profile(`client\nremote 198.51.100.1\n${lines}`)], lookup);
}

const elements = ["tun0 . tun0", 'tun1 . tun1 comment "opened 1 s after boot"'];
const open: Report = reportLock(
  seenWith({
    actual: listing(
      chains,
      { ...sets, tunnels: { type: "iface_index", elements } },
      {},
      { paused: { "eth0 . eth0": 7 } },
    ),
    boot: "other rules",
    inner: reportInner([{ ...profile("client\nremote 198.51.100.3"), inner: true }]),
    remotes: [...remotes("mark 7"), ...remotes("user nobody"), ...remotes("", "none")],
    names: { names: { "vpn.example": { addresses: [], resolved: "", stale: true } }, hosts: "as asked" },
  }),
);

const trial = reportLock(seenWith({ actual: listing(chains, sets, {}, { unconfirmed: { "1 . 2": 342 } }) }));

test("every field is in the manual, and every field there is real", () => {
  expect(fieldsOf(open, trial)).toEqual(documented);
});

test("where the machine is disabled there are the first of them", () => {
  const now = new Date();
  expect(fieldsOf(reportDisabled({ now, boot: "as asked" }))).toEqual(documentedWhereDisabled);
  expect(documentedWhereDisabled.size).toBeLessThan(documented.size);
});

test.for<[lines: string, identity: Policy["identity"], told: object]>([
  ["mark 7", "auto", { identity: "mark", mark: 7, users: [] }],
  ["mark 7\nuser nobody", "user", { identity: "user", mark: null, users: ["root", "nobody"] }],
  ["", "auto", { identity: "user", mark: null, users: ["root"] }],
  ["mark 7", "none", { identity: "none", mark: null, users: [] }],
])("reportRemotes() of a profile with %j, for identity = %s", ([lines, identity, told]) => {
  expect(remotes(lines, identity)).toEqual([
    expect.objectContaining({ host: "198.51.100.1", protocol: "udp", port: 1194, ...told }),
  ]);
});
