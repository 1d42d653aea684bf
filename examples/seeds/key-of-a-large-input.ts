// The key of a large input need not be made of all of it: a few fields that identify it are stable, and quick to hash.
import { createHash } from "node:crypto";
import { cacheKeyFn, task } from "oxbow";

interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<readonly number[]>;
}

const byShape = cacheKeyFn((_context, inputs) => {
  const { path, columns, rows } = inputs["table"] as Table;
  const digest = createHash("sha256").update(JSON.stringify(columns)).digest("hex").slice(0, 8);
  return `${path}_${digest}_${rows.length}`;
});

const total = task("total", { cachePolicy: byShape }, (table: Table) =>
  table.rows.flat().reduce((sum, each) => sum + each, 0),
);

const rows = Array.from({ length: 100_000 }, (_, row) => [row, row * 2]);
const first = await total.run({ path: "sales.csv", columns: ["a", "b"], rows });
const second = await total.run({ path: "sales.csv", columns: ["a", "b"], rows });
const longer = await total.run({ path: "sales.csv", columns: ["a", "b"], rows: [...rows, [1, 2]] });

console.log(first.decision?.key);
console.log(`${first.name}, ${second.name}, ${longer.name}`);
