import type { Part } from "../../io/postgres/schema.ts";
import { metadataColumns } from "../internal/record-columns.ts";

type Column = Exclude<(typeof metadataColumns)[number], "key">;

/** The metadata columns after the key, in their order. */
export const columns = metadataColumns.slice(1) as readonly Column[];

// What the first version had; what has come since is in the steps below.
const firstColumns = `
  format_version integer NOT NULL,
  -- Times are kept as they come, to the last bit: milliseconds since 1970.
  created_at double precision NOT NULL,
  expires_at double precision,
  serializer text NOT NULL,
  size bigint NOT NULL,
  sha256 text NOT NULL,
  duration_ms double precision NOT NULL,
  task_name text NOT NULL,
  task_run_id text NOT NULL,
  flow_run_id text,
  tags text NOT NULL,
  components text NOT NULL,
  fence bigint,
  commit_id text,`;

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

// `chunks` names the set that holds the payload where the column `payload` is empty; see chunk-sets.ts. The indexes have entries for
// such rows alone, and there are few.
const chunks = (schema: string): string => `
ALTER TABLE ${schema}.records ADD COLUMN signature text, ADD COLUMN chunks uuid;
ALTER TABLE ${schema}.plain_values ADD COLUMN chunks uuid;
CREATE INDEX ON ${schema}.records (chunks) WHERE chunks IS NOT NULL;
CREATE INDEX ON ${schema}.plain_values (chunks) WHERE chunks IS NOT NULL;
CREATE TABLE ${schema}.payload_sets (
  id uuid PRIMARY KEY,
  size bigint NOT NULL,
  unused_since timestamptz
);
CREATE TABLE ${schema}.payload_chunks (
  id uuid NOT NULL REFERENCES ${schema}.payload_sets ON DELETE CASCADE,
  n integer NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (id, n)
);
ALTER TABLE ${schema}.payload_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;`;

/** The tables of the storage: records, values without metadata, and payloads that came as streams. */
export const storageTables: Part = {
  name: "records",
  steps: [
    (schema) => keyAndPayload(`${schema}.records`, firstColumns) + keyAndPayload(`${schema}.plain_values`, ""),
    chunks,
  ],
};
