import { RANGE, TAIL } from './lua.js'
import { Script } from './script.js'

/**
 * The newest entries. ARGV: the most entries, the most bytes, how long the tail is kept, what to call the place if there is none.
 *
 * Returns the newest place, the id before the first entry ('' if it is unknown), the entries, oldest first, and the server's time.
 */
export const NEWEST: Script = new Script(`${TAIL}${RANGE}
local count, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] .. string.format('%03d', math.floor(time[2] / 1000))
local tail = readTail()
-- A server that is short of memory still answers reads, but refuses SET.
local isKept = tail and redis.call('GET', KEYS[2]) == tail
if not tail then
  local place = now .. '-origin-' .. ARGV[4]
  tail = place .. ' ' .. place .. ' -'
end
if not isKept then redis.call('SET', KEYS[2], tail) end
if ARGV[3] ~= '' then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
local place, id = splitTail(tail)

local found = {}
local size = 0
local start = '+'
local before
while not before do
  local page = redis.call('XREVRANGE', KEYS[1], start, '-', 'COUNT', math.min(50, count + 1 - #found))
  for _, entry in ipairs(page) do
    size = size + #field(entry, 'e')
    if #found >= count or size > bytes then
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
return { place, originId, entries, now }
`)

/** The tails of many channels. KEYS: their keys. ARGV: how long they are kept from now on, in ms. */
export const TAILS: Script = new Script(`${TAIL}
local tails = {}
for i, key in ipairs(KEYS) do
  local tail = redis.pcall('GET', key)
  -- A key of another type must not fail the others.
  if type(tail) == 'table' or tail and not splitTail(tail) then tail = false end
  if tail and ARGV[1] ~= '' then redis.call('PEXPIRE', key, ARGV[1]) end
  tails[i] = tail
end
return tails
`)

/**
 * Entries after a place. ARGV: the place, the most entries, the most bytes. Returns nothing if the log does not have the place;
 * otherwise the id before the first entry, and the entries.
 */
export const AFTER_PLACE: Script = new Script(`${TAIL}${RANGE}
local place, limit, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local tail = readTail()
if not tail then return false end
local tailPlace, tailId = splitTail(tail)
if tailPlace == place then return { tailId, {} } end
local streamId = string.match(place, '^(%d+%-%d+)%-')
if streamId then
  local known = redis.call('XRANGE', KEYS[1], streamId, streamId)[1]
  if known and placeOf(known) == place then return { idOf(known), range('(' .. streamId, limit, bytes) } end
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local appendedTo = first and field(first, 'a') or ''
if appendedTo == '' then return false end
local beforePlace, beforeId = splitTail(appendedTo)
if beforePlace ~= place then return false end
return { beforeId, range('-', limit, bytes) }
`)

/**
 * Entries after an id. ARGV: the id, the most entries, the most bytes; then the parts of an id that was made here: the stream id, the
 * mark, whether it is the id before that entry. Returns the same as AFTER_PLACE.
 */
export const AFTER_ID: Script = new Script(`${TAIL}${RANGE}
local id, limit, bytes, streamId, mark, isBefore = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local tail = readTail()
if not tail then return false end
local _, tailId, flags = splitTail(tail)

if streamId ~= '' then
  local known = redis.call('XRANGE', KEYS[1], streamId, streamId)[1]
  if known and field(known, 'm') == mark then
    if isBefore == '1' then return { id, range(streamId, limit, bytes) } end
    if field(known, 'i') == '' then return { id, range('(' .. streamId, limit, bytes) } end
  end
end

local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local appendedTo = first and field(first, 'a') or ''
if appendedTo ~= '' then
  local _, beforeId = splitTail(appendedTo)
  if beforeId == id then return { id, range('-', limit, bytes) } end
end

-- Only publishers' own ids must be searched for. If one was used twice, the older entry counts.
if string.find(flags, 'o') then
  local start = '-'
  while true do
    local page = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 50)
    for _, entry in ipairs(page) do
      if field(entry, 'i') == id then return { id, range('(' .. entry[1], limit, bytes) } end
    end
    if #page < 50 then break end
    start = '(' .. page[#page][1]
  end
end

if tailId == id then return { id, {} } end
return false
`)
