import { type Script, script } from "../../io/redis/script.ts";

/** What the script answers, with the number of the record that it means, counted from 1. */
export const outcomes = { written: 0, present: 1, fencedOff: 2, lost: 3 } as const;

/*
 * DESIGN: how several records become visible in one step, or one that needs more than a SET.
 *
 * KEYS: those of the records, then those of the temporary keys in the same order. ARGV: the number of records; "1" where each of them
 * has to be absent; then four for each record: its fencing token or "", when it expires or "", "s" where its content stands under a
 * temporary key, and the content, or how many bytes there are under the temporary key.
 *
 * What it promises: everything is looked at before anything is changed, and the first change is the only one that a full memory can
 * refuse: all or nothing. The token in place is read from the line of metadata, where it is; a record whose line cannot be read
 * guards nothing.
 */
export const publishScript: Script = script(`
local function fenceOf(key)
  local length = 4096
  while true do
    local head = redis.call("GETRANGE", key, 0, length - 1)
    local stop = string.find(head, "\\n", 1, true)
    if stop then
      local isRead, metadata = pcall(cjson.decode, string.sub(head, 1, stop - 1))
      if isRead and type(metadata) == "table" and type(metadata.fence) == "number" then return metadata.fence end
      return nil
    end
    if #head < length then return nil end
    length = length * 16
  end
end

local count = tonumber(ARGV[1])
local temporary = count
for i = 1, count do
  local at = i * 4 - 1
  if ARGV[2] == "1" and redis.call("EXISTS", KEYS[i]) == 1 then return {${outcomes.present}, i} end
  if ARGV[at] ~= "" then
    local standing = fenceOf(KEYS[i])
    if standing and tonumber(ARGV[at]) < standing then return {${outcomes.fencedOff}, i} end
  end
  if ARGV[at + 2] == "s" then
    temporary = temporary + 1
    if redis.call("STRLEN", KEYS[temporary]) ~= tonumber(ARGV[at + 3]) then return {${outcomes.lost}, i} end
  end
end

temporary = count
for i = 1, count do
  local at = i * 4 - 1
  if ARGV[at + 2] == "s" then
    temporary = temporary + 1
    redis.call("RENAME", KEYS[temporary], KEYS[i])
    if ARGV[at + 1] == "" then redis.call("PERSIST", KEYS[i]) end
  else
    redis.call("SET", KEYS[i], ARGV[at + 3])
  end
  if ARGV[at + 1] ~= "" then redis.call("PEXPIREAT", KEYS[i], ARGV[at + 1]) end
end
return {${outcomes.written}, 0}
`);
