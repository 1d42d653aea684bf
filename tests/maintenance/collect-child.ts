/* `node collect-child.ts <storage> <folder> <max size>`: collects until it is killed, or is done. */
import { fileStorage, sqliteStorage } from "../../src/index.ts";
import { collect } from "../../src/maintenance/index.ts";

const [kind, folder, maxSize] = process.argv.slice(2);
const storage = kind === "file" ? fileStorage(folder!) : sqliteStorage(folder!);
let removed = 0;
await collect(
  { storage },
  {
    maxSize: Number(maxSize),
    onRemoved: () => {
      removed += 1;
      if (removed % 100 === 0) process.stdout.write("removing\n");
    },
  },
);
process.stdout.write("done\n");
