import { execa } from "execa";

/** Tells systemd, if it waits for that, that this service is ready: sd_notify(3). False where it could not be told. */
export async function notifyReady(): Promise<boolean> {
  const { NOTIFY_SOCKET } = process.env;
  if (NOTIFY_SOCKET === undefined) return true;
  const { exitCode } = await execa("/usr/bin/systemd-notify", ["--ready"], {
    env: { NOTIFY_SOCKET },
    extendEnv: false,
    reject: false,
    timeout: 10_000,
  });
  return exitCode === 0;
}
