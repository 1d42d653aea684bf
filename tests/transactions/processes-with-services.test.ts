import { describe } from "vitest";
import { pgUrl, redisUrl } from "../services/services.ts";
import { processChecks } from "./process-checks.ts";

const [redis, pg] = await Promise.all([redisUrl(), pgUrl()]);

describe.skipIf(redis === undefined)("With a Redis", () => {
  processChecks("redis", redis);
});
describe.skipIf(pg === undefined)("With a PostgreSQL", () => {
  processChecks("postgres", pg);
});
