/*
 * The test kit, `oxbow/testing`: a clock moved by hand, a log kept in memory, and the conformance suites that judge
 * drivers, Oxbow's own and those of others.
 */
export { memorySink, type MemorySink } from "../logging/memory-sink.ts";
export { lockChecks, lockSuite } from "./lock-suite.ts";
export type { LockCheck, LockPlace, LockPlaceOptions, LockSuiteOptions, OpenLockPlace } from "./lock-suite.ts";
export { runStoreChecks, runStoreSuite } from "./run-store-suite.ts";
export type { OpenRunStorePlace, RunStoreCheck, RunStorePlace, RunStoreSuiteOptions } from "./run-store-suite.ts";
export { withClock, withLogSink } from "./scopes.ts";
export { serializerChecks, serializerSamples, serializerSuite } from "./serializer-suite.ts";
export type { SerializerCheck, SerializerSuiteOptions } from "./serializer-suite.ts";
export { storageChecks, storageSuite } from "./storage-suite.ts";
export type {
  OpenStoragePlace,
  StorageCheck,
  StoragePlace,
  StorageSuiteOptions,
} from "./storage-suite.ts";
export type { SuiteRunner } from "./suite-runner.ts";
export { transactionChecks, transactionSuite } from "./transaction-suite.ts";
export type {
  OpenTransactionPlace,
  TransactionCheck,
  TransactionParts,
  TransactionPlace,
  TransactionSuiteOptions,
} from "./transaction-suite.ts";
export { TestClock } from "./test-clock.ts";
