import type { Part } from "../../io/postgres/schema.ts";
import { metadataColumns } from "../internal/record-columns.ts";

type Column = Exclude<(typeof metadataColumns)[number], "key">;

/** The metadata columns after the key, in their order. */
export const columns = metadataColumns.slice(1) as readonly Column[];

const types: Readonly<Record<Column, string>> = {
  format_version: "integer NOT NULL",
  // Times are kept as they come, to the last bit: milliseconds since 1970.
  created_at: "double precision NOT NULL",
  expires_at: "double precision",
  serializer: "text NOT NULL",
  size: "bigint NOT NULL",
  sha256: "text NOT NULL",
  duration_ms: "double precision NOT NULL",
  task_name: "text NOT NULL",
  task_run_id: "text NOT NULL",
  flow_run_id: "text",
  tags: "text NOT NULL",
  components: "text NOT NULL",
  fence: "bigint",
  commit_id: "text",
};

// EXTERNAL: not compressed. PostgreSQL would take three times as long to write a value (22 ms instead of 8 for 1 MB of JSON),
// and could not read a part of one by itself; a serializer that compresses does better, where it is wanted.
const keyAndPayload = (table: string, between: string): string => `
CREATE TABLE ${table} (
  key_head bytea NOT NULL,
  key_digest bytea NOT NULL,
  key_tail bytea NOT NULL,${between}
  payload bytea NOT NULL,
  PRIMARY KEY (key_head, key_digest)
);
ALTER TABLE ${table} ALTER COLUMN payload SET STORAGE EXTERNAL;`;

/** The tables of the storage: records, and values without metadata. */
export const storageTables: Part = {
  name: "records",
  steps: [
    (schema) =>
      keyAndPayload(`${schema}.records`, columns.map((name) => `\n  ${name} ${types[name]},`).join("")) +
      keyAndPayload(`${schema}.plain_values`, ""),
  ],
};
