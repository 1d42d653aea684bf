import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as classic from "../src/classic/index.ts";
import { settingByEnvName } from "../src/settings/schema.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/guide/coming-from-prefect.md"), "utf8");

/** Every name that the documents use whose examples are in examples/seeds. */
const names = {
  "Prefect 3 and 2": `@task @flow cache_policy DEFAULT INPUTS TASK_SOURCE FLOW_PARAMETERS RUN_ID NONE NO_CACHE cache_expiration timedelta
    cache_key_fn CacheKeyFnPolicy TaskRunContext persist_result refresh_cache result_storage .configure key_storage S3Bucket S3Bucket.load
    AwsCredentials bucket_name .save isolation_level IsolationLevel READ_COMMITTED SERIALIZABLE lock_manager MemoryLockManager
    RedisLockManager __getstate__ model_serializer transaction return_state state.name state.result() Completed Cached log_prints
    prefect.config PREFECT_RESULTS_PERSIST_BY_DEFAULT PREFECT_TASKS_REFRESH_CACHE PREFECT_API_URL
    PREFECT_ORION_DATABASE_CONNECTION_URL ~/.prefect/storage/ serve() deploy()`,
  "Prefect 1": `prefect.Task run cache_for cache_validator cache_key duration_only all_inputs all_parameters partial_inputs_only
    partial_parameters_only never_use checkpoint result result_handler LocalResult LocalResultHandler S3Result GCSResult target {task_name}
    {date:%A} prefect.context manual_only flow.run()`,
};

describe("the page for those who come from Prefect", () => {
  it.each(Object.entries(names))("has every name that the documents of %s use", (_, list) => {
    const wanted = list.split(/\s+/).map((name) => name.replace("prefect.config", "prefect config set"));
    expect(wanted.filter((name) => !page.includes(name))).toEqual([]);
  });

  it("has every name of oxbow/classic", () => {
    expect(Object.keys(classic).filter((name) => !page.includes(name))).toEqual([]);
  });

  it("names settings that there are", () => {
    const named = page.match(/\bOXBOW_[A-Z_]+[A-Z]\b/g) ?? [];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !settingByEnvName.has(name))).toEqual([]);
  });
});
