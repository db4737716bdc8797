/**
 * Where the real container engines and hypervisors run: in the network of a laboratory's host, with files, processes and control groups
 * of their own. They come from Debian's packages, which are not installed. All of it ends with the process that holds it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { root } from "../../build/root.ts";
import type { Lab } from "../lab/lab.ts";
import { Namespace } from "../lab/namespace.ts";

/**
 * `$0` is the folder of the packages. Relative, because overlayfs takes a colon for the end of a path. Control groups are of one kind
 * where the machine has both: crun refuses the second beside the first.
 */
const prepare = `
cd "$0"
for folder in /run /var/lib /var/cache; do mount -t tmpfs -o mode=755 house $folder; done
mkdir /run/upper /run/work
mount -t overlay -o lowerdir=usr:/usr,upperdir=/run/upper,workdir=/run/work house /usr
cp -a etc/. /etc/
mkdir -p /run/image /run/netns /run/libvirt /var/lib/libvirt/dnsmasq /etc/containers /etc/libvirt/qemu/networks
cp bin/busybox /run/image/busybox
cd /
grep -q ' /sys/fs/cgroup cgroup2 ' "$1" || mount -t tmpfs -o mode=755 house /sys/fs/cgroup
while read -r _ place kind options _; do
  case $kind:$place in
  cgroup:* | cgroup2:/sys/fs/cgroup) mkdir -p "$place" && mount -t "$kind" -o "$options" house "$place" ;;
  esac
done <"$1"
echo ready
exec cat`;

export type House = Namespace & AsyncDisposable;

export async function openHouse(lab: Lab): Promise<House> {
  const packages = join(root, "dist/containers");
  // The mounts of the machine around, which this process sees and the house does not.
  const mounts = join(lab.dir, "mounts");
  await execa("cp", ["/proc/1/mounts", mounts]);
  const apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"];
  const keeper = lab.host.start("the house", [...apart, "sh", "-e", "-c", prepare, packages, mounts]);
  await keeper.says("ready");
  const children = await readFile(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "utf8");
  const inside = `/proc/${children.trim()}/ns`;
  const house = new Namespace(lab.host.name, `${inside}/mnt`, `${inside}/pid`);
  return Object.assign(house, {
    [Symbol.asyncDispose]: async () => {
      await house.stop();
      await keeper.kill();
      const folders = ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*/${lab.host.name}*`];
      await execa("find", [...folders, "-exec", "rmdir", "{}", ";"], { reject: false });
    },
  });
}
