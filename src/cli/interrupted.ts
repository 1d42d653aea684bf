import { constants } from "node:os";

/** Somebody ended a command: with Ctrl-C at a question, or with a signal. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals, message = `Ended by ${signal}; what was done stays done`) {
    super(message);
    this.exitCode = 128 + constants.signals[signal];
  }
}
