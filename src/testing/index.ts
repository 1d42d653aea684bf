/*
 * The test kit, `oxbow/testing`: a clock moved by hand, a log kept in memory, and the conformance suites that judge
 * drivers, Oxbow's own and those of others.
 */
export { memorySink, type MemorySink } from "../logging/memory-sink.ts";
export { withClock, withLogSink } from "./scopes.ts";
export { TestClock } from "./test-clock.ts";
