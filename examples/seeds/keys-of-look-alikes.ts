// Values that look alike have keys of their own: an empty table is not one with NaN in it, 1 is not "1".
import { INPUTS, task } from "oxbow";

const describeTable = task("describe-table", { cachePolicy: INPUTS }, (table: unknown) => typeof table);

const tables = [
  { columns: ["a"], rows: [] },
  { columns: ["a"], rows: [[]] },
  { columns: ["a"], rows: [[Number.NaN]] },
  { columns: ["a"], rows: [[null]] },
  { columns: ["a"], rows: [[undefined]] },
  { columns: ["a"], rows: [[1]] },
  { columns: ["a"], rows: [["1"]] },
  { columns: ["a"], rows: [new Float64Array([1])] },
];

const keys = await Promise.all(tables.map(async (table) => (await describeTable.explain(table)).key));
console.log(`${tables.length} tables, ${new Set(keys).size} keys`);

const reordered = await describeTable.explain({ rows: [[1]], columns: ["a"] });
console.log(`the order of the fields does not count: ${keys.includes(reordered.key)}`);
