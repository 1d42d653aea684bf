import type { Schema } from "../../io/postgres/schema.ts";
import { asText } from "../../io/postgres/values.ts";
import type { RecordIdentity } from "../storage.ts";
import { keyColumns } from "./keys.ts";

const rowsPerStatement = 500;
const types = ["bytea", "bytea", "double precision", "text", "text"];

/**
 * Removes these very writings of records, as many in one statement as it can take. Rows are locked in the order of their keys, so that
 * two of these do not wait for each other.
 *
 * @returns the keys of those that were removed
 */
export async function removeWritings(schema: Schema, records: readonly RecordIdentity[]): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let i = 0; i < records.length; i += rowsPerStatement) {
    const rows = records.slice(i, i + rowsPerStatement);
    const found = await schema.queryIfThere({
      text: statement(`${schema.quoted}.records`, rows.length),
      values: rows.flatMap(valuesOf),
      action: "write to",
    });
    for (const [head, tail] of found?.rows ?? []) keys.push(Buffer.concat([head, tail] as Uint8Array[]).toString());
  }
  return keys;
}

function valuesOf({ key, createdAt, sha256, taskRunId }: RecordIdentity): readonly unknown[] {
  const { head, digest } = keyColumns(key);
  return [head, digest, createdAt, sha256, asText(taskRunId)];
}

function statement(table: string, count: number): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const places = types.map((type, column) => `$${row * types.length + column + 1}::${type}`);
    return `(${places.join(", ")})`;
  });
  return `WITH chosen AS (
      SELECT key_head, key_digest FROM ${table}
      WHERE (key_head, key_digest, created_at, sha256, task_run_id) IN (VALUES ${rows.join(", ")})
      ORDER BY key_head, key_digest FOR UPDATE)
    DELETE FROM ${table} AS there USING chosen
    WHERE there.key_head = chosen.key_head AND there.key_digest = chosen.key_digest
    RETURNING there.key_head, there.key_tail`;
}
