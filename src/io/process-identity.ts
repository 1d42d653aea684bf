import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { codeOf } from "./disk-failure.ts";

/*
 * DESIGN: who a process is, so that others can tell that it is gone.
 *
 * What it does: an identity is one line of text: host name, process id, the moment the process began, the start of
 * the machine (Linux: boot id) and the pid namespace (Linux), a "-" for what cannot be known. A process id alone is
 * used again sooner or later, and means nothing to another machine or container; together they name one process for ever.
 * What it promises: {@link isGone} says so only where it is certain. All threads of a process have one identity.
 * What the caller must do: keep a time limit of its own, for processes of which nobody here can tell.
 */

interface Identity {
  readonly host: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly boot: string;
  readonly namespace: string;
}

const unknown = "-";
let own: Identity | undefined;
let ownText: string | undefined;

/** The identity of this process: `build-7 4711 1202031 7d7e563b-… pid:[4026531836]`. */
export function thisProcess(): string {
  return (ownText ??= Object.values(ownIdentity()).join(" "));
}

/** Who can see the place that an identity was found in. */
export interface Reach {
  /**
   * Whether other machines can see it: one of them may have the host name of this one, and nothing but a boot id tells
   * the two apart. What lies on a local disk for certain was left there by this machine before it was started again.
   *
   * @default false
   */
  readonly severalMachines?: boolean;
}

/**
 * Whether a process has ended for certain. A zombie has, a stopped one has not; of another machine, another container and
 * another user's hidden processes nothing is known, so they have not.
 *
 * @param identity what {@link thisProcess} gave to that process; anything else is nobody, and not known to be gone
 */
export function isGone(identity: string, { severalMachines = false }: Reach = {}): boolean {
  if (identity === thisProcess()) return false;
  const it = parse(identity);
  const me = ownIdentity();
  if (it === undefined || it.host !== me.host) return false;
  if (it.boot !== me.boot) return !severalMachines && it.boot !== unknown && me.boot !== unknown;
  if (it.namespace !== me.namespace) return false;
  if (!isAlive(it.pid)) return true;
  if (it.startedAt === unknown || me.startedAt === unknown) return false;
  const now = lookUp(it.pid);
  return now !== undefined && (now.startedAt !== it.startedAt || now.isDead);
}

/** Whether there is a process of this id on this machine, a zombie too. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return codeOf(error) !== "ESRCH";
  }
}

function ownIdentity(): Identity {
  return (own ??= {
    host: hostname().replaceAll(/\s/g, "_") || "host",
    pid: process.pid,
    // A /proc of another pid namespace shows other processes under our ids.
    startedAt:
      quietly(() => readlinkSync("/proc/self")) === `${process.pid}`
        ? (lookUp(process.pid)?.startedAt ?? unknown)
        : unknown,
    boot: quietly(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()) ?? unknown,
    namespace: quietly(() => readlinkSync("/proc/self/ns/pid")) ?? unknown,
  });
}

function parse(identity: string): Identity | undefined {
  const [host, pid, startedAt, boot, namespace, ...rest] = identity.split(" ");
  if (!host || !pid || !startedAt || !boot || !namespace || rest.length > 0) return undefined;
  return /^\d+$/.test(pid) ? { host, pid: Number(pid), startedAt, boot, namespace } : undefined;
}

/** What /proc says of a process (proc(5)): field 22 is when it began, in ticks since the start of the machine. */
function lookUp(pid: number): { readonly startedAt: string; readonly isDead: boolean } | undefined {
  const text = quietly(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  // The second field is the name in parentheses, and a name may have both spaces and parentheses.
  const [state, ...fields] = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? [];
  const startedAt = fields[18];
  return startedAt === undefined ? undefined : { startedAt, isDead: state === "Z" || state === "X" };
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
