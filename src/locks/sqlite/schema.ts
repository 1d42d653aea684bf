import type { Schema } from "../../io/sqlite/schema.ts";

/*
 * A row of `locks` is a grant. The one without a key is none: its token is the greatest of all grants that have ended,
 * so that tokens grow when a clock is set back. Keys are bytes; holders and waiters are JSON strings, because Node 22
 * cuts a text at a NUL. The tables are small, so a row lies in a page with the row of the tokens: an operation writes
 * one page, where an index or a table more would double that.
 */
const tables = `
CREATE TABLE locks (
  key BLOB PRIMARY KEY NOT NULL,
  token INTEGER NOT NULL,
  holder TEXT NOT NULL,
  process TEXT NOT NULL,
  expires_at NUMERIC NOT NULL
) WITHOUT ROWID;
CREATE TABLE reservations (
  key BLOB PRIMARY KEY NOT NULL,
  waiter TEXT NOT NULL,
  until NUMERIC NOT NULL
) WITHOUT ROWID;
INSERT INTO locks VALUES (x'', 0, '""', '', 9e999);
CREATE TRIGGER tokens_grow AFTER DELETE ON locks BEGIN
  UPDATE locks SET token = old.token WHERE key = x'' AND token < old.token;
END;
`;

/** "Oxbl". A file of an older version does not exist yet; when it does, nobody misses its rows. */
export const lockSchema: Schema = { applicationId: 0x4f_78_62_6c, version: 1, tables, steps: new Map() };
