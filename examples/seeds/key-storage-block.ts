// Cache records in a bucket that all machines see, results on this one: `keyStorage` takes a block. Needs what result-storage-block needs.
import { INPUTS, saveBlock, task, TASK_SOURCE } from "oxbow";
import { s3Storage } from "oxbow/storage/s3";

const s3Bucket = s3Storage({ bucket: "{{ env.S3_BUCKET }}", prefix: "my-keys" });
await saveBlock("my-bucket", s3Bucket, { overwrite: true });

const cachePolicy = TASK_SOURCE.and(INPUTS).configure({ keyStorage: "block:s3/my-bucket" });

const myCachedTask = task("my-cached-task", { cachePolicy }, (x: number) => x + 42);

const first = await myCachedTask.run(1);
console.log(`${first.name} ${first.result()}`);
const second = await myCachedTask.run(1);
console.log(`${second.name} ${second.result()}`);

// the record is in the bucket; without it the task runs again
const record = await s3Bucket.head(first.decision?.key ?? "");
console.log(`the record of ${record?.taskName} is in the bucket`);
await s3Bucket.delete(record?.key ?? "");
console.log((await myCachedTask.run(1)).name);
