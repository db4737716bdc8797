/** Policies of one to three files: every key in its home or astray, values right, nearly right and hostile. */
import * as fc from "fast-check";
import { address, damaged, device, hostile, mostly, port } from "./hostile.ts";

const protocol = fc.constantFrom("tcp", "udp");
const service = fc.tuple(protocol, port).map(([name, number]) => `${name}/${number}`);
const machines = fc.oneof(
  { weight: 3, arbitrary: device },
  { weight: 9, arbitrary: fc.constantFrom("eth1", "docker0", "virbr0", "wlan1", "br-lan", "vif*", "veth*") },
  { weight: 1, arbitrary: fc.constantFrom("tun*", "*", "v*f") },
);
const seldom = fc.constantFrom("true", "false", "false", "false");
const portForward = fc.tuple(service, address).map((parts) => parts.join(" to "));
const lan = fc.constantFrom(
  "192.168.0.0/24",
  "192.168.1.0/24",
  "10.0.0.0/9",
  "10.128.0.0/9",
  "172.16.4.0/22",
  "169.254.0.0/16",
  "fd00:1::/64",
  "fe80::/10",
  "fd00:2::/64",
  "192.168.7.7",
  "FD00:0003::/48",
  "192.168.0.0/13",
  "192.168.0.0/16",
  "8.0.0.0/8",
);
const network = fc.oneof(
  address,
  fc.constantFrom("203.0.113.0/24", "2001:db8:7::/48", "0.0.0.0/0", "::/0", "2001:DB8::/32"),
);
const letters = "abYZ09";
const exceptionName = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...`${letters} ._-`), maxLength: 47 }),
  )
  .map((parts) => parts.join(""));
const pattern = fc.constantFrom("/etc/openvpn/client/*.conf", "/a/?.ovpn", "/é/*", "/vpn");

/** Text in one of TOML's forms; escapes as a hostile writer would have them. */
function text(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(mostly(words), fc.constantFrom(0, 0, 0, 1, 2, 3)).map(([word, form]) => {
    if (form === 1) return `'${word}'`;
    if (form === 2) return `"""${word}"""`;
    const quoted = JSON.stringify(word);
    return form === 3 ? quoted.replace(/[a-z]/, escapedLetter) : quoted;
  });
}

function escapedLetter(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function list(items: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(items, { maxLength: 3 }), fc.constantFrom(", ", ",", ",\n", ", # ]\n"))
    .map(([each, between]) => `[${each.join(between)}]`);
}

const flag = mostly(fc.constantFrom("true", "false"));
const wrong = fc.oneof(
  fc.constantFrom(
    "0",
    "-1",
    "1e9",
    "nan",
    "1979-05-27",
    "07:32:00",
    "[[[[]]]]",
    "{}",
    "{ a = {} }",
    '""',
    "[]",
  ),
  hostile,
);

function pair(key: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.oneof({ weight: 300, arbitrary: fc.constant(key) }, { weight: 1, arbitrary: hostile }),
      fc.oneof({ weight: 100, arbitrary: value }, { weight: 1, arbitrary: wrong }),
    )
    .map((parts) => parts.join(" = "));
}

/** Some of the lines, in their order. */
function some(...lines: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const each = lines.map((one) => fc.option(one, { nil: "", freq: 2 }));
  return fc.tuple(...each).map((texts) => texts.filter((one) => one !== "").join("\n"));
}

const top = some(
  pair("profiles", list(text(pattern))),
  pair("inner", list(text(pattern))),
  pair("interfaces", list(text(device))),
  pair("identity", text(fc.constantFrom("auto", "user", "none", "mark"))),
  pair("stamp", mostly(fc.constantFrom("0", "28", "30", "7"))),
);
const tables: readonly (readonly [string, fc.Arbitrary<string>])[] = [
  [
    "lan",
    fc
      .tuple(
        pair("allow", list(text(lan))),
        some(pair("inbound", list(text(service))), pair("multicast", flag)),
      )
      .map((lines) => lines.join("\n")),
  ],
  [
    "tunnel",
    some(
      pair("inbound", list(text(service))),
      pair("dns", fc.oneof(text(fc.constantFrom("any", "pushed")), list(text(address)))),
      pair("ipv6", flag),
    ),
  ],
  [
    "forward",
    fc
      .tuple(
        // What a machine behind may needs one that is named, and mostly nothing else is asked for than a policy could have.
        pair(
          "from",
          list(text(machines)).map((names) => names.replace("[]", '["eth1"]')),
        ),
        some(
          pair("masquerade", flag),
          pair("dns", text(fc.constantFrom("any", "redirect"))),
          pair("inbound", fc.oneof(fc.constant("[]"), list(text(portForward)))),
          pair("lan", seldom),
          pair("dhcp", flag),
        ),
      )
      .map((lines) => lines.join("\n")),
  ],
];
const exception = fc
  .tuple(
    pair("name", text(exceptionName)),
    pair("direction", text(fc.constantFrom("in", "out"))),
    pair("address", text(network)),
    pair("protocol", text(protocol)),
    pair("port", mostly(port)),
  )
  .map((lines) => `[[allow]]\n${lines.join("\n")}\n`);

const remote = fc
  .tuple(
    pair("name", text(exceptionName)),
    pair("address", text(fc.oneof(address, fc.constantFrom("both.example", "six.example", "7.1")))),
    pair("ports", list(text(service))),
    fc.oneof(
      pair("user", text(fc.constantFrom("root", "nobody", "1000"))),
      pair("mark", mostly(fc.constantFrom("1", "0xca6c", "4294967295", "0"))),
    ),
  )
  .map((lines) => `[[remote]]\n${lines.join("\n")}\n`);

const sections = fc
  .tuple(
    fc.subarray(tables.map(([name, body]) => body.map((lines) => `[${name}]\n${lines}\n`))),
    fc.array(exception, { maxLength: 2 }),
    fc.array(remote, { maxLength: 2 }),
  )
  .chain(([chosen, ...more]) => fc.tuple(...chosen).map((each) => [...each, ...more.flat()].join("")));

const file = damaged(
  fc
    .tuple(fc.constantFrom("", "", "", "\ufeff", "\ufeff\ufeff", "\r\n"), top, sections)
    .map(([before, first, rest]) => `${before}${first}\n${rest}`),
);

/** The texts of policy.toml and of its drop-ins. */
export const policyCases: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 4, arbitrary: file.map((only) => [only]) },
  { weight: 1, arbitrary: fc.array(file, { minLength: 2, maxLength: 3 }) },
);
