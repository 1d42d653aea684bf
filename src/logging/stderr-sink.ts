/*
 * DESIGN. Lines go to stderr: stdout is the user's. A write is a system call of several microseconds, so lines are
 * gathered until the turn of the event loop ends, or 64 KiB are there, and written at once; a person at a terminal sees
 * each line immediately. What waits is written when the process exits or dies of an exception. A reader that has gone
 * away ends the log, not the run; one that is slow is given time, and if that is not enough, what is lost is said.
 */
import { fstatSync, writeSync } from "node:fs";
import { loadSettings, type Settings } from "../settings/settings.ts";
import { formatJson, formatText, usesColors } from "./format.ts";
import type { LogRecord, LogSink } from "./logger.ts";

/** What can be said about a {@link stderrSink}; all of it has a default. */
export interface StderrSinkOptions {
  /** @default the settings `logging.format` and `logging.colors` */
  readonly style?: Pick<Settings["logging"], "format" | "colors">;
  /** The file descriptor. @default 2 */
  readonly fd?: number;
  /** @default what the operating system says of the descriptor */
  readonly isTTY?: boolean;
}

/** A sink that writes lines to stderr. */
export function stderrSink(options: StderrSinkOptions = {}): LogSink {
  return new StderrSink(options);
}

const chunk = 65_536;
// How long a flush waits for a reader that is slow, and how much may wait for it meanwhile.
const patienceMs = 1000;
const mostWaiting = 8 * 2 ** 20;

class StderrSink implements LogSink {
  readonly #options: StderrSinkOptions;
  readonly #fd: number;
  #isTTY: boolean | undefined;
  #format: ((record: LogRecord) => string) | undefined;
  /** Lines that no write has seen. */
  #lines = "";
  /** What a full pipe did not take. */
  #rest: Buffer | undefined;
  #closed = false;

  constructor(options: StderrSinkOptions) {
    this.#options = options;
    this.#fd = options.fd ?? 2;
    this.#isTTY = options.isTTY;
  }

  write(record: LogRecord): void {
    if (this.#closed) return;
    const isFirst = this.#lines === "";
    if (isFirst || !this.#format) this.#format = this.#formatter();
    this.#lines += `${this.#format(record)}\n`;
    if (this.#isTTY) return this.flush();
    if (this.#lines.length >= (this.#rest ? mostWaiting : chunk)) this.#drain(0);
    else if (isFirst) this.#writeLater();
  }

  flush(): void {
    this.#drain(patienceMs);
  }

  /** Settings are looked at once per write, not once per line. */
  #formatter(): (record: LogRecord) => string {
    this.#isTTY ??= isTerminal(this.#fd);
    const { format, colors } = this.#options.style ?? styleNow();
    if (format === "json") return formatJson;
    const colored = usesColors(colors, this.#isTTY);
    return (record) => formatText(record, colored);
  }

  #writeLater(): void {
    keep(this);
    setImmediate(() => {
      // Where the pipe was full, the timer tries again.
      if (!this.#rest) this.#drain(0);
    });
  }

  #drain(patience: number): void {
    if (this.#lines === "" && !this.#rest) return;
    const bytes = this.#rest ? Buffer.concat([this.#rest, Buffer.from(this.#lines)]) : Buffer.from(this.#lines);
    this.#lines = "";
    this.#rest = undefined;
    const written = this.#writeBytes(bytes, patience);
    if (written === bytes.length || this.#closed) unwritten.delete(this);
    else if (bytes.length - written <= mostWaiting) this.#waitFor(bytes.subarray(written));
    else if (patience === 0) this.#drainLast(bytes.subarray(written));
    else this.#waitFor(Buffer.from(`\n${bytes.length - written} bytes of the log were lost: nobody read them\n`));
  }

  #drainLast(bytes: Buffer): void {
    this.#rest = bytes;
    this.#drain(patienceMs);
  }

  #waitFor(bytes: Buffer): void {
    this.#rest = bytes;
    keep(this);
    setTimeout(() => this.#drain(0), 10).unref();
  }

  /** @returns how many bytes were written */
  #writeBytes(bytes: Buffer, patience: number): number {
    let written = 0;
    for (let waited = 0; written < bytes.length; ) {
      try {
        written += writeSync(this.#fd, bytes, written);
      } catch (error) {
        // Any other error (EPIPE: the reader has gone, EBADF: there is no stderr) is there to stay.
        this.#closed = (error as NodeJS.ErrnoException).code !== "EAGAIN";
        if (this.#closed || waited >= patience) return written;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        waited += 5;
      }
    }
    return written;
  }
}

/** Loading node:tty takes milliseconds; a pipe and a file are seen without it. */
function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule("node:tty").isatty(fd);
  } catch {
    return false;
  }
}

function styleNow(): Pick<Settings["logging"], "format" | "colors"> {
  try {
    return loadSettings().logging;
  } catch {
    // Whoever began the run was told that the settings are wrong.
    return { format: "text", colors: "auto" };
  }
}

const unwritten = new Set<StderrSink>();
let watching = false;

/** Remembers a sink until it has written everything, so that the end of the process does not come before. */
function keep(sink: StderrSink): void {
  unwritten.add(sink);
  if (watching) return;
  watching = true;
  process.on("exit", flushAll);
  process.on("uncaughtExceptionMonitor", flushAll);
}

function flushAll(): void {
  for (const sink of unwritten) sink.flush();
}
