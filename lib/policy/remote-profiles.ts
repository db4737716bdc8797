import { families } from "../firewall/sets.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy, PolicyRemote } from "./policy.ts";

/** What stands in the place of a path: no path looks like it. */
const opening = "[[remote]] ";

/** The servers that the policy names itself, each as the profile that its VPN does not have. */
export function remoteProfiles({ remotes }: Pick<Policy, "remotes">): readonly Profile[] {
  return remotes.map(remoteProfile);
}

/** The one of a name, if it is there. */
export function profileOfRemote({ remotes }: Policy, name: string): Profile | undefined {
  const remote = remotes.find((each) => each.name === name);
  return remote === undefined ? undefined : remoteProfile(remote);
}

/** Whether a profile's file is none, but a server of the policy's. */
export function isRemoteFile(file: string): boolean {
  return file.startsWith(opening);
}

function remoteProfile({ name, host, ports, sender }: PolicyRemote): Profile {
  const file = `${opening}${name}`;
  return {
    file,
    client: true,
    endpoints: ports.map(({ protocol, port }) => ({
      host,
      families: host.family === "unresolved" ? families : [host.family],
      port,
      protocol,
      file,
      line: 1,
    })),
    sender,
  };
}
