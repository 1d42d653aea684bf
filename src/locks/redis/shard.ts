const shards = 64;

/**
 * Which of the 64 groups of keys a key is in: FNV-1a of its UTF-16 code units. It stands in the names of the keys in the server, so it
 * never changes.
 */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % shards;
}
