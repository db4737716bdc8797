import { defaultPolicyFile } from "../system/policy-files.ts";

/** Where this run finds the user's policy, and where it keeps what must outlive a boot. */
export type Settings = { readonly policyFile: string; readonly stateDirectory: string };

export const defaultSettings: Settings = {
  policyFile: defaultPolicyFile,
  stateDirectory: "/var/lib/vpn-firewall",
};
