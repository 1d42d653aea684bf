import { spawn } from "node:child_process";

/** A server that was started, until it is stopped. */
export interface Server {
  readonly url: string;
  /** For tests that freeze or kill it. */
  readonly pid: number;
  /** Ends the server, however it is; returns when it is gone, and its folder with it. */
  stop(): Promise<void>;
}

/** A server that cannot be had on this machine; the message says why, for people. */
export class ServiceMissing extends Error {}

/** What {@link startProcess} needs to know. */
export interface ServerOrder {
  readonly command: string;
  readonly args: readonly string[];
  readonly url: string;
  /** Everything that it writes; removed when it has ended. */
  readonly folder: string;
  /** What makes it end at once, leaving nothing of the system in use. */
  readonly stopSignal: "QUIT" | "KILL";
  /** What it says when it can be used. @default "ready to accept connections", as both Redis and PostgreSQL say */
  readonly readyWhen?: RegExp;
  readonly env?: NodeJS.ProcessEnv;
  /** Which user it runs as, and group. @default the same */
  readonly user?: number | undefined;
}

/*
 * DESIGN: a server that cannot outlive those who use it.
 *
 * What it does: a shell starts the server and waits for the end of either the server or its own standard input; then it ends the
 * server and removes the folder. Nobody else signals a pid, so none can be another's by then.
 * What it promises: the server goes when this process does, in whichever way: SIGKILL closes a pipe, too. Ctrl-C in a terminal does not
 * reach it: it is in a session of its own.
 */
const keeper = `
exec 3<&0
"$@" 2>&1 3<&- &
server=$!
echo $server
{ read _; kill -$STOP_SIGNAL $server; kill -CONT $server; } <&3 >/dev/null 2>&1 &
waiting=$!
wait $server
kill $waiting 2>/dev/null
exec >/dev/null
rm -rf "$FOLDER"
`;

const readyWithinMs = 60_000;

/** Starts a server and waits until it says that it can be used. */
export async function startProcess(order: ServerOrder): Promise<Server> {
  if (process.platform === "win32") throw new ServiceMissing("on Windows the tests start no servers of their own");
  const identity = order.user === undefined ? {} : { uid: order.user, gid: order.user };
  const child = spawn("sh", ["-c", keeper, "sh", order.command, ...order.args], {
    ...identity,
    cwd: order.folder,
    env: { ...process.env, ...order.env, FOLDER: order.folder, STOP_SIGNAL: order.stopSignal },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin.on("error", () => undefined);
  const stop = (): Promise<void> => {
    child.ref();
    child.stdin.end();
    return ended;
  };

  const { readyWhen = /ready to accept connections/i } = order;
  let output = "";
  const ready = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`${order.command} has ended by itself:\n${output}`)));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-4000);
      if (readyWhen.test(output)) resolve();
    });
  });
  const limit = setTimeout(() => void stop(), readyWithinMs);
  await ready.finally(() => clearTimeout(limit));

  // Whoever forgets to stop it is not kept from ending.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
  return { url: order.url, pid: Number(/^\d+/.exec(output)![0]), stop };
}
