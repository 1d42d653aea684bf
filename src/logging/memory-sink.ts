import type { LogRecord, LogSink } from "./logger.ts";

/** A log that is kept, for tests. */
export interface MemorySink extends LogSink {
  /** What was logged so far, in order. */
  readonly records: LogRecord[];
}

/** A sink that keeps its records. */
export function memorySink(): MemorySink {
  const records: LogRecord[] = [];
  return { records, write: (record) => void records.push(record), flush: () => undefined };
}
