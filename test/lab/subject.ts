/** What is under test: something that promises to keep the laboratory's host closed. */
import type { Lab } from "./lab.ts";

export type Subject = {
  readonly name: string;
  /** Makes the host closed, with what `lab.profile` and `lab.dir` say. */
  readonly arm: (lab: Lab) => Promise<void>;
  /** Lines that the profile needs, hooks above all. */
  readonly profileLines: (lab: Pick<Lab, "dir" | "profile">) => readonly string[];
  /** Makes the host open again. */
  readonly disarm: (lab: Lab) => Promise<void>;
};

/** The positive control: what leaks here is what a subject has to stop. */
export const openvpnAlone: Subject = {
  name: "OpenVPN alone",
  arm: async () => {},
  profileLines: () => [],
  disarm: async () => {},
};
