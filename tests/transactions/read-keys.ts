/* Prints the keys of all records that a process which begins now finds in an SQLite storage, as a JSON array. */
import { ResultStore } from "../../src/results/result-store.ts";
import { json } from "../../src/serializers/json.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";

const store = new ResultStore({ storage: sqliteStorage(process.argv[2]!), serializer: json() });
const keys: string[] = [];
for await (const { key } of store.list()) keys.push(key);
console.log(JSON.stringify(keys));
