// A bucket for the results of all machines, saved under a name: a block. Any task can then name it. Run this twice.
// Needs a bucket of S3, or of a server like it, and five variables: see the README.
import { INPUTS, saveBlock, task } from "oxbow";
import { s3Storage } from "oxbow/storage/s3";

const s3Bucket = s3Storage({
  bucket: "{{ env.S3_BUCKET }}",
  prefix: "my-cache",
  credentials: { accessKeyId: "{{ env.AWS_ACCESS_KEY_ID }}", secretAccessKey: "{{ env.AWS_SECRET_ACCESS_KEY }}" },
});

// save the block: it is a file in the folder of OXBOW_HOME, with the names of the variables in it and not with what they hold
const block = await saveBlock("my-cache-bucket", s3Bucket, { overwrite: true });
console.log(block);

const myCachedTask = task("my-cached-task", { cachePolicy: INPUTS, resultStorage: s3Bucket }, (x: number) => x + 42);
const state = await myCachedTask.run(1);
console.log(`${state.name} ${state.result()}`);

// what another program writes, which has the block
const sameByName = myCachedTask.withOptions({ resultStorage: "block:s3/my-cache-bucket" });
console.log(`${(await sameByName.run(1)).name} ${await sameByName(1)}`);
