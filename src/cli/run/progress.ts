/* How far the runs of this process are, in a line on a terminal. */
import { FlowRun } from "../../engine/flow-run.ts";
import type { RunWatcher, WatchedRun } from "../../engine/watchers.ts";
import { formatMs } from "../../kernel/duration.ts";
import { formatText } from "../../logging/format.ts";
import type { LogRecord, LogSink } from "../../logging/logger.ts";
import type { State } from "../../states/state.ts";
import { StatusLine } from "../status-line.ts";
import type { Terminal } from "../terminal.ts";

/** Counts task runs, and draws a line that says so. It is a sink as well: lines of the log go above its own. */
export class Progress implements RunWatcher, LogSink {
  readonly #terminal: Terminal;
  readonly #title: string;
  readonly #startedAt: number;
  readonly #line: StatusLine;
  readonly #running = new Set<WatchedRun>();
  #lines = "";
  #finished = 0;
  #hits = 0;
  #failed = 0;
  #savedMs = 0;

  constructor(terminal: Terminal, title: string) {
    this.#terminal = terminal;
    this.#title = title;
    this.#startedAt = terminal.now();
    this.#line = new StatusLine(terminal.stderr, () => this.toString());
  }

  /** @returns what ends it */
  start(): () => void {
    const stop = this.#line.start();
    return () => {
      this.flush();
      stop();
    };
  }

  entered(run: WatchedRun, state: State): void {
    if (run instanceof FlowRun) return;
    if (!state.isFinal) {
      if (state.type === "RUNNING") this.#running.add(run);
      else this.#running.delete(run);
      return;
    }
    this.#running.delete(run);
    this.#finished += 1;
    if (!state.isCompleted) this.#failed += 1;
    if (state.decision?.outcome !== "hit") return;
    this.#hits += 1;
    this.#savedMs += state.decision.savedMs;
  }

  write(record: LogRecord): void {
    const isFirst = this.#lines === "";
    this.#lines += `${formatText(record, this.#terminal.stderr.colors)}\n`;
    // Each write draws the line anew: what is said in one turn is written at once.
    if (isFirst) setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#lines === "") return;
    const lines = this.#lines;
    this.#lines = "";
    this.#line.writeAbove(lines);
  }

  /** `etl · 12 running · 340 finished: 300 hits, 1 failed · saved 12 s · 5 s`. */
  toString(): string {
    const ended = [
      this.#hits > 0 && `${this.#hits} ${this.#hits === 1 ? "hit" : "hits"}`,
      this.#failed > 0 && `${this.#failed} failed`,
    ];
    const words = ended.filter((word) => word !== false).join(", ");
    return [
      this.#title,
      `${this.#running.size} running`,
      `${this.#finished} finished${words ? `: ${words}` : ""}`,
      this.#savedMs > 0 && `saved ${formatMs(this.#savedMs)}`,
      formatMs(this.#terminal.now() - this.#startedAt),
    ]
      .filter((part) => part !== false)
      .join(" · ");
  }
}
