/**
 * What keeps a value from being a cache key, in words: `an empty string`.
 *
 * A key is a well-formed Unicode string of 1 to 10,000 characters, so that every storage can tell keys apart.
 */
export function whyNoKey(key: unknown): string | undefined {
  if (typeof key !== "string") return `a ${typeof key}, not a string`;
  if (key === "") return "an empty string";
  if (key.length > 10_000) return `${key.length} characters, more than 10,000`;
  return key.isWellFormed() ? undefined : "a string with a lone surrogate, which has no UTF-8 form";
}
