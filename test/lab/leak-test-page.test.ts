/** The report in a real browser, without a network: it is drawn, the picture above all. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { temporaryFolder } from "../binary/subject.ts";
import { openLab } from "./lab.ts";
import { readPng, type Picture } from "./png.ts";
import { openvpnAlone } from "./subject.ts";
import { runTest } from "./tested.ts";

const colours = { band: "f1efea", leak: "cf1f2e", carrier: "2a6fb8", upkeep: "8a7f6a" } as const;

/** The page as a person would see it, of a browser that knows no network and nothing of this machine's user. */
async function screenshot(html: string): Promise<Picture> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "page.html"), html);
  const options = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--blink-settings=preferredColorScheme=1",
    `--user-data-dir=${folder}/browser`,
    "--window-size=1200,2400",
    `--screenshot=${folder}/page.png`,
  ];
  await execa("unshare", ["--net", "--", "chromium", ...options, `file://${folder}/page.html`], {
    timeout: 90_000,
    killSignal: "SIGKILL",
    env: { HOME: folder },
  });
  return readPng(await readFile(join(folder, "page.png")));
}

/** The rows in which the picture is: nothing else on the page has its ground. */
function rowsOfPicture(picture: Picture): readonly number[] {
  return Array.from({ length: picture.height }, (_, y) => y).filter(
    (y) => pixelsIn(picture, y, colours.band) > 30,
  );
}

function pixelsIn(picture: Picture, y: number, colour: string): number {
  return Array.from({ length: picture.width }, (_, x) => x).filter((x) => picture.colourAt(x, y) === colour)
    .length;
}

function drawn(picture: Picture) {
  const rows = rowsOfPicture(picture);
  const count = (colour: string) => rows.reduce((sum, y) => sum + pixelsIn(picture, y, colour), 0);
  return {
    tall: rows.length,
    leak: count(colours.leak),
    carrier: count(colours.carrier),
    upkeep: count(colours.upkeep),
  };
}

test(
  "the page is drawn: its picture has leaks, the carrier and the link's upkeep",
  { timeout: 400_000 },
  async () => {
    await using lab = await openLab({ subject: openvpnAlone });
    await lab.arm();
    await lab.connect();
    const file = join(lab.dir, "leaks.html");
    await runTest(lab, { words: ["--report", file] });
    const html = await readFile(file, "utf8");
    const seen = drawn(await screenshot(html));
    expect(seen.tall).toBeGreaterThan(150);
    expect(seen.leak).toBeGreaterThan(200);
    expect(seen.carrier).toBeGreaterThan(200);
    expect(seen.upkeep).toBeGreaterThan(20);

    const withoutBars = html.replaceAll(/<rect class="(?:leak|carrier|upkeep)" x=[^>]*>/g, "");
    expect(drawn(await screenshot(withoutBars)), "positive control: no bars").toMatchObject({
      leak: 0,
      carrier: 0,
      upkeep: 0,
    });
    const otherStyle = html.replace("</style>", " </style>");
    expect(
      drawn(await screenshot(otherStyle)),
      "positive control: a style that the policy forbids",
    ).toMatchObject({
      tall: 0,
    });
  },
);
