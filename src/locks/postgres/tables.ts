import type { Part } from "../../io/postgres/schema.ts";

// A row is changed far more often than it is made: with room to spare on its page, no index has to follow.
/** The table of the locks: one row for each key, kept for a while after its release. */
export const lockTables: Part = {
  name: "locks",
  steps: [
    (schema) => `
CREATE TABLE ${schema}.locks (
  key bytea PRIMARY KEY,
  holder text NOT NULL,
  token bigint NOT NULL,
  granted_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  waiter text,
  reserved_until timestamptz
) WITH (fillfactor = 50);`,
  ],
};
