/** What goes wrong; a number is for so many of the next requests. */
export interface Faults {
  /** Answers 503 SlowDown. @default 0 */
  throttle: number;
  /** Breaks off in the middle of the content of an object. @default 0 */
  cut: number;
  /** Does what it is told, and ends the connection without an answer. @default 0 */
  loseAnswer: number;
  /** Takes requests and never answers. @default false */
  hang: boolean;
  /** Answers 403 AccessDenied. @default false */
  deny: boolean;
  /** Refuses to keep anything: 507. @default false */
  full: boolean;
  /**
   * What becomes of conditions of writes: ignored, answered with 501, kept except where an upload is completed, kept with tags without
   * quotes only and not where an upload is completed (as Ceph 16 does).
   *
   * @default "kept"
   */
  conditions: "kept" | "ignored" | "unknown" | "puts-only" | "as-ceph";
  /** By how much the clock is ahead, in milliseconds. @default 0 */
  skewMs: number;
  /** Answers RequestTimeTooSkewed whatever the time is. @default false */
  skewed: boolean;
  /** Answers 409 ConditionalRequestConflict to writes with a condition. @default 0 */
  conflict: number;
}

/** All is well. */
export const noFaults: Faults = {
  throttle: 0,
  cut: 0,
  loseAnswer: 0,
  hang: false,
  deny: false,
  full: false,
  conditions: "kept",
  skewMs: 0,
  skewed: false,
  conflict: 0,
};
