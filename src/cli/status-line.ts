/*
 * DESIGN. One line at the bottom of a terminal that says how far something is. It is drawn at most some ten times a second, goes out
 * of the way for lines that stay, and leaves nothing behind. Where stderr is no terminal it does nothing. It does not read the
 * keyboard, so Ctrl-C stays what it is.
 */
import type { Output } from "./terminal.ts";
import { cut, paint } from "./text.ts";

const everyMs = 80;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const clear = "\r\u001b[K";

export class StatusLine {
  readonly #output: Output;
  readonly #text: () => string;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #isDrawn = false;

  /** @param text is asked each time the line is drawn */
  constructor(output: Output, text: () => string) {
    this.#output = output;
    this.#text = text;
  }

  /** Begins to draw. @returns what ends it */
  start(): () => void {
    if (!this.#output.isTTY) return () => {};
    this.#timer = setInterval(() => this.#draw(), everyMs).unref();
    return () => this.#stop();
  }

  /** Writes what stays, above the line. */
  writeAbove(text: string): void {
    this.writeAside(() => this.#output.write(text));
  }

  /** Lets something else write to the same terminal. */
  writeAside(write: () => void): void {
    this.#erase();
    write();
    if (this.#timer) this.#draw();
  }

  #draw(): void {
    // Somebody is asked something there.
    if (process.stdin.isRaw) return;
    this.#frame = (this.#frame + 1) % frames.length;
    const text = cut(this.#text(), this.#output.columns - 3);
    this.#output.write(`${clear}${paint(this.#output, "cyan", frames[this.#frame]!)} ${text}`);
    this.#isDrawn = true;
  }

  #erase(): void {
    if (this.#isDrawn) this.#output.write(clear);
    this.#isDrawn = false;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }
}

/** `[████░░░░] 40/100`: how much of a whole is done. */
export function bar(done: number, total: number, width = 20): string {
  const part = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.round(part * width);
  return `[${"█".repeat(filled)}${"░".repeat(width - filled)}] ${done}/${total}`;
}
