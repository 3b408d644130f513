import { END_JSON } from './entries.js'
import { Script } from './script.js'

// What the scripts share.
//
// KEYS[1] is the log: a stream whose entries have `e`, the event as JSON, `m`, the mark of their batch, `i`, an id of the
// publisher's own, and, of the first of a stream, `a`, the tail that it was appended to.
//
// KEYS[2] is the tail: "<place> <id> <flags>" of the newest entry, or of the place before the first. It stays when entries
// expire, for as long as somebody follows. Flags: `-`, `o` (there have been ids of publishers' own), `e` (the end).
const COMMON = `
local function keep(key, ms)
  if ms ~= '' then redis.call('PEXPIRE', key, ms) end
end

local function field(entry, name)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return ''
end

local function idOf(entry)
  local own = field(entry, 'i')
  if own ~= '' then return own end
  return entry[1] .. '-' .. field(entry, 'm')
end

local function splitTail(tail)
  return string.match(tail, '^(%S+) (%S+) (%S+)$')
end

-- The tail may be gone where the log is not: a server that is short of memory evicts key by key.
local function readTail()
  local tail = redis.call('GET', KEYS[2])
  if tail then return tail end
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not newest then return nil end
  local flags = field(newest, 'e') == '${END_JSON}' and 'oe' or 'o'
  return newest[1] .. ' ' .. idOf(newest) .. ' ' .. flags
end

local function stored(entry)
  return { entry[1], field(entry, 'e'), field(entry, 'm') }
end

-- At most so many entries after an exclusive start, and no more bytes than fit, but one at least.
local function range(start, limit, bytes)
  local found = {}
  local size = 0
  while #found < limit do
    local count = math.min(50, limit - #found)
    local page = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', count)
    for _, entry in ipairs(page) do
      if #found > 0 and size >= bytes then return found end
      found[#found + 1] = entry
      size = size + #field(entry, 'e')
    end
    if #page < count then return found end
    start = '(' .. page[#page][1]
  end
  return found
end

local function allStored(entries)
  local all = {}
  for i, entry in ipairs(entries) do all[i] = stored(entry) end
  return all
end

local function milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(number)
  return string.format('%.0f', number)
end
`

/**
 * Appends a batch of entries and rings the bell, once, however often it is sent: clients send commands again whose answer
 * they have lost.
 *
 * KEYS[3]: what this publisher has appended to this channel last. ARGV: the number of the batch, the publisher's marks for
 * it, the server's time until which it may be appended ('' only asks for the time), how long the publisher's record is kept,
 * how many events and ms the log keeps, how long the tail is kept, whether the bell is sharded; then for each entry an id of
 * its own, if it has one, and its JSON.
 *
 * Returns 'late' (it was not appended, and will not be), 'stale' (a later batch was appended) or 'ok', then the server's time, then
 * the place of each entry, '' for those behind the end.
 */
export const APPEND: Script = new Script(`${COMMON}
local number, mark, deadline, keepRecordMs, maxEvents, maxAgeMs, keepTailMs, sharded = unpack(ARGV, 1, 8)
local now = milliseconds()
local record = redis.call('GET', KEYS[3])
if record then
  local reply = cjson.decode(record)
  if reply[1] == number then
    reply[1] = 'ok'
    reply[2] = text(now)
    return reply
  end
  if tonumber(reply[1]) > tonumber(number) then return { 'stale', text(now) } end
end
if deadline == '' or now > tonumber(deadline) then return { 'late', text(now) } end

local before = readTail()
local place, id, flags = '', '', '-'
if before then place, id, flags = splitTail(before) end
local first = redis.call('EXISTS', KEYS[1]) == 0
local reply = { number, text(now) }
local news = {}
local places = {}
local after, afterId = place, id
for i = 9, #ARGV, 2 do
  if string.find(flags, 'e') then
    reply[#reply + 1] = ''
  else
    local own, json = ARGV[i], ARGV[i + 1]
    local command = { 'XADD', KEYS[1] }
    if maxEvents ~= '' then
      command[3], command[4], command[5] = 'MAXLEN', '~', maxEvents
    end
    local n = #command
    command[n + 1], command[n + 2], command[n + 3], command[n + 4], command[n + 5] = '*', 'e', json, 'm', mark
    if own ~= '' then
      command[#command + 1] = 'i'
      command[#command + 1] = own
      flags = string.gsub(flags, '^%-', 'o')
    end
    if first and before then
      command[#command + 1] = 'a'
      command[#command + 1] = before
    end
    first = false
    place = redis.call(unpack(command))
    id = own ~= '' and own or place .. '-' .. mark
    if json == '${END_JSON}' then flags = string.gsub(flags, '^%-', '') .. 'e' end
    reply[#reply + 1] = place
    places[#places + 1] = place
    news[#news + 1] = json
  end
end

if #news > 0 then
  if maxAgeMs ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', '~', text(now - maxAgeMs)) end
  keep(KEYS[1], maxAgeMs)
  redis.call('SET', KEYS[2], place .. ' ' .. id .. ' ' .. flags)
  keep(KEYS[2], keepTailMs)
  local message = cjson.encode({ after, afterId, mark, places })
  message = string.sub(message, 1, -2) .. ',[' .. table.concat(news, ',') .. ']]'
  -- Sharded Pub/Sub came with Redis 7, which also says its version.
  if sharded == '1' and redis.REDIS_VERSION_NUM then redis.call('SPUBLISH', KEYS[1], message)
  else redis.call('PUBLISH', KEYS[1], message) end
end
redis.call('SET', KEYS[3], cjson.encode(reply), 'PX', keepRecordMs)
reply[1] = 'ok'
return reply
`)

/**
 * The newest entries. ARGV: how many at most, how many bytes, how long the tail is kept, what to call a place if there is none.
 *
 * Returns the newest place, the id before the first of the entries ('' if nobody knows it), and the entries, oldest first.
 */
export const NEWEST: Script = new Script(`${COMMON}
local last, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local tail = readTail()
if not tail then
  local place = text(milliseconds()) .. '-origin-' .. ARGV[4]
  tail = place .. ' ' .. place .. ' -'
end
-- Not each subscription is a write that replicas must hear of.
if redis.call('GET', KEYS[2]) ~= tail then redis.call('SET', KEYS[2], tail) end
keep(KEYS[2], ARGV[3])
local place, id = splitTail(tail)

local found = {}
local size = 0
local start = '+'
local before
while not before do
  local page = redis.call('XREVRANGE', KEYS[1], start, '-', 'COUNT', math.min(50, last + 1 - #found))
  for _, entry in ipairs(page) do
    size = size + #field(entry, 'e')
    if #found >= last or size > bytes then
      before = entry
      break
    end
    table.insert(found, entry)
  end
  if #page == 0 then break end
  start = '(' .. page[#page][1]
end

local originId = ''
if before then originId = idOf(before)
elseif #found == 0 then originId = id
else
  local appendedTo = field(found[#found], 'a')
  if appendedTo ~= '' then
    local _, appendedToId = splitTail(appendedTo)
    originId = appendedToId
  end
end
local entries = {}
for i = #found, 1, -1 do entries[#entries + 1] = stored(found[i]) end
return { place, originId, entries }
`)

/** The tails of many channels. KEYS: their keys. ARGV: how long they are kept from now on. */
export const TAILS: Script = new Script(`
local tails = {}
for i, key in ipairs(KEYS) do
  tails[i] = redis.call('GET', key)
  if tails[i] and ARGV[1] ~= '' then redis.call('PEXPIRE', key, ARGV[1]) end
end
return tails
`)

/**
 * Entries after a place. ARGV: the place, how many at most, how many bytes. Returns nothing if the log does not have the place, else the id before
 * the first of them, and the entries.
 */
export const AFTER: Script = new Script(`${COMMON}
local place, limit, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local tail = readTail()
if not tail then return false end
local tailPlace, tailId = splitTail(tail)
if tailPlace == place then return { tailId, {} } end
if string.find(place, '^%d+%-%d+$') then
  local known = redis.call('XRANGE', KEYS[1], place, place)[1]
  if known then return { idOf(known), allStored(range('(' .. place, limit, bytes)) } end
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local appendedTo = first and field(first, 'a') or ''
if appendedTo == '' then return false end
local beforePlace, beforeId = splitTail(appendedTo)
if beforePlace ~= place then return false end
return { beforeId, allStored(range('-', limit, bytes)) }
`)

/**
 * Entries after an id. ARGV: the id, how many at most, how many bytes, and what the id says if it is one of ours: place, mark, whether
 * it is the one before. Returns as AFTER.
 */
export const READ: Script = new Script(`${COMMON}
local id, limit, bytes, place, mark, isBefore = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local tail = readTail()
if not tail then return false end
local _, tailId, flags = splitTail(tail)

if place ~= '' then
  local known = redis.call('XRANGE', KEYS[1], place, place)[1]
  if known and field(known, 'm') == mark then
    if isBefore == '1' then return { id, allStored(range(place, limit, bytes)) } end
    if field(known, 'i') == '' then return { id, allStored(range('(' .. place, limit, bytes)) } end
  end
end

local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local appendedTo = first and field(first, 'a') or ''
if appendedTo ~= '' then
  local _, beforeId = splitTail(appendedTo)
  if beforeId == id then return { id, allStored(range('-', limit, bytes)) } end
end

-- Only publishers give ids that must be looked for, and of one that they gave twice the older counts.
if string.find(flags, 'o') then
  local start = '-'
  while true do
    local page = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 50)
    for _, entry in ipairs(page) do
      if field(entry, 'i') == id then return { id, allStored(range('(' .. entry[1], limit, bytes)) } end
    end
    if #page < 50 then break end
    start = '(' .. page[#page][1]
  end
end

if tailId == id then return { id, {} } end
return false
`)
