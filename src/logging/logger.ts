import type { Clock } from "../kernel/clock.ts";

/** How severe a line is, the least severe first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The least severe level that is logged; `off` logs nothing. */
export type LogThreshold = LogLevel | "off";

/** What a line may carry beside its text. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes lines about one thing: a run, say. The methods may be taken off the object. */
export interface Logger {
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
}

/** One line of a log. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** What the line is about: `Task run 'add-one-d85'`. */
  readonly source: string;
  readonly message: string;
  readonly fields?: LogFields;
}

/**
 * Where lines go.
 *
 * What an implementation promises: records keep their order, and neither method ever throws, because a log that cannot
 * be written is no reason for a run to fail.
 */
export interface LogSink {
  /** Takes a record. It may be written later; the fields are looked at before this returns, or never. */
  write(record: LogRecord): void;
  /** Writes what is still waiting, before it returns. */
  flush(): void;
}

/** What a logger is made of. */
export interface LoggerOptions {
  readonly level: LogThreshold;
  readonly sink: LogSink;
  readonly clock: Clock;
}

const severities: Readonly<Record<LogThreshold, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };

/** Whether lines of a level are logged. */
export function isEnabled(threshold: LogThreshold, level: LogLevel): boolean {
  return severities[level] >= severities[threshold];
}

/** That of two thresholds which lets more lines through. */
export function moreOf(left: LogThreshold, right: LogThreshold): LogThreshold {
  return severities[left] < severities[right] ? left : right;
}

/**
 * A logger for one source.
 *
 * @param source a function is asked when a line is written, so that a name which costs something is made only then
 */
export function createLogger(source: string | (() => string), { level, sink, clock }: LoggerOptions): Logger {
  const least = severities[level];
  const at = (each: LogLevel): Logger[LogLevel] => {
    // A level that is off is one empty function for all loggers.
    if (severities[each] < least) return silent;
    return (message, fields) => {
      const name = typeof source === "string" ? source : source();
      const record = { time: clock.now(), level: each, source: name, message };
      sink.write(fields === undefined ? record : { ...record, fields });
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function silent(): void {
  // Nothing is to be logged.
}
