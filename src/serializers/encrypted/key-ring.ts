import { SerializationError } from "../../kernel/errors.ts";
import type { SecretKey } from "../internal/key-types.ts";
import { type KnownKey, secretKey } from "../internal/secret-key.ts";

/*
 * DESIGN. Every key that was given to any `encrypted()` of this process, by its id. A record names the id of its key, so it
 * can be read by whoever was given the key, wherever that was.
 */
const ring = new Map<string, KnownKey>();

/** Makes a key known. @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it is none */
export function addKey(key: SecretKey): KnownKey {
  const known = secretKey(key, "encryption", "encrypted()");
  ring.set(known.id, known);
  return known;
}

/** @throws {SerializationError} `OXBOW_RESULT_UNREADABLE` where no `encrypted()` was given the key */
export function keyOf(id: string): KnownKey {
  const known = ring.get(id);
  if (known) return known;
  throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `The key ${id} that encrypted this is not known here`, {
    hint: "pass it in the list of keys: encrypted(json(), [newKey, oldKey]); the first writes, all read",
  });
}
