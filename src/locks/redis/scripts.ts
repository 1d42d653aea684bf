import { type Script, script } from "../../io/redis/script.ts";

/*
 * DESIGN: what the server keeps, and how it changes.
 *
 *   <prefix>{n}:lock:<key>   "<token>:<holder>"; expires with the lease, so that what a dead holder leaves goes by itself
 *   <prefix>{n}:wait:<key>   the waiter that the key is reserved for; expires with the reservation
 *   <prefix>{n}:token        the last token of all keys with this n (0 to 63); stays
 *   <prefix>{n}:free:<key>   a channel: the key may have become free
 *
 * In a Redis Cluster the part in braces decides on which node a key is: the keys that a script touches are together, and the locks are
 * spread. The counters are few, so that keeping them costs nothing, however many keys there were. A token is the time of the server in
 * microseconds, or more than the last one where that is greater: it goes on rising when the clock is set back, and when the server has
 * lost its memory. Numbers of this size are exact in Lua and in JavaScript until the year 2255.
 */

/** KEYS: lock, wait, token. ARGV: holder, lease in ms, waiter or "", reservation in ms. Gives the token, or nothing. */
export const acquireScript: Script = script(`
local reserved = redis.call("GET", KEYS[2])
local isMine = reserved == ARGV[3]
if redis.call("EXISTS", KEYS[1]) == 0 and (not reserved or isMine) then
  local now = redis.call("TIME")
  local token = math.max(tonumber(redis.call("GET", KEYS[3]) or 0) + 1, now[1] * 1000000 + now[2])
  local digits = string.format("%.0f", token)
  redis.call("SET", KEYS[3], digits)
  redis.call("SET", KEYS[1], digits .. ":" .. ARGV[1], "PX", ARGV[2])
  if isMine then redis.call("DEL", KEYS[2]) end
  return token
end
if ARGV[3] ~= "" and (not reserved or isMine) then redis.call("SET", KEYS[2], ARGV[3], "PX", ARGV[4]) end
return false
`);

/** KEYS: lock. ARGV: token, lease in ms. Gives 1 where the grant was the current one. */
export const renewScript: Script = script(`
local grant = redis.call("GET", KEYS[1])
if not grant or string.match(grant, "^%d+") ~= ARGV[1] then return 0 end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])
`);

/** KEYS: lock. ARGV: token, channel. Gives 1 where the grant was the current one. */
export const releaseScript: Script = script(`
local grant = redis.call("GET", KEYS[1])
if not grant or string.match(grant, "^%d+") ~= ARGV[1] then return 0 end
redis.call("DEL", KEYS[1])
redis.call("PUBLISH", ARGV[2], "")
return 1
`);
