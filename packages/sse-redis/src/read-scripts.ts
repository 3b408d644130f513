import { RANGE, TAIL } from './lua.js'
import { Script } from './script.js'

/**
 * The newest entries. ARGV: the most entries, the most bytes, how long the tail is kept, what to call the place if there is none.
 *
 * Returns the newest place, the id before the first entry ('' if it is unknown), the entries, oldest first, the server's time,
 * and the place of that id.
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
  local limit = pageSize(count + 1 - #found, #found, size, bytes)
  local page = redis.call('XREVRANGE', KEYS[1], start, '-', 'COUNT', limit)
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

local originPlace, originId = '', ''
if before then originPlace, originId = placeOf(before), idOf(before)
elseif #found == 0 then originPlace, originId = place, id
else
  local beforePlace, beforeId = appendedTo(found[#found])
  originPlace, originId = beforePlace or '', beforeId or ''
end
local entries = {}
for i = #found, 1, -1 do entries[#entries + 1] = stored(found[i]) end
return { place, originId, entries, now, originPlace }
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
 * Entries after a place, or before an entry if the place is `before-` and the entry's. ARGV: the place, the most entries, the most
 * bytes. Returns nothing if the log does not have the place; otherwise the id before the first entry, and the entries.
 */
export const AFTER_PLACE: Script = new Script(`${TAIL}${RANGE}
local place, limit, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local tail = readTail()
if not tail then return false end
local following = string.match(place, '^before%-(.*)$')
if following then
  local known = entryAt(following)
  return known and { place, range(known[1], limit, bytes) }
end
local tailPlace, tailId = splitTail(tail)
if tailPlace == place then return { tailId, {} } end
local known = entryAt(place)
if known then return { idOf(known), range('(' .. known[1], limit, bytes) } end
local first = firstEntry()
local beforePlace, beforeId = appendedTo(first)
if beforePlace ~= place then return false end
return { beforeId, range('-', limit, bytes) }
`)

/**
 * The ids that publishers gave to entries, one page of them. ARGV: the place of the entry to continue after; how many entries, and how
 * many bytes of them, this page may look at.
 *
 * Returns nothing if there is no such channel; otherwise the newest place and its id; the place before the first entry and its id ('' if
 * they are unknown); the stream id of the first entry ('' if there is none); whether the log still has the entry to continue after (if
 * not, this page begins with the first entry); the place of the last entry that it looked at; whether the log has no more; and the
 * places and ids that it found.
 */
export const OWN_IDS: Script = new Script(`${TAIL}
local after, limit, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local tail = readTail()
if not tail then return false end
local tailPlace, tailId, flags = splitTail(tail)
local first = firstEntry()
local beforePlace, beforeId = appendedTo(first)
local known = entryAt(after)
local start = known and '(' .. known[1] or '-'
local last = known and after or ''
local found = {}
local count, size = 0, 0
local isLast = not string.find(flags, 'o')
while not isLast and count < limit and size < bytes do
  -- One at a time. The server copies an entry with its payload, which may be large, and answers nobody meanwhile.
  local entry = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 1)[1]
  if entry then
    local own = field(entry, 'i')
    last = placeOf(entry)
    if own ~= '' then
      found[#found + 1] = last
      found[#found + 1] = own
    end
    count = count + 1
    size = size + #field(entry, 'e')
    start = '(' .. entry[1]
  else
    isLast = true
  end
end
return {
  tailPlace, tailId, beforePlace or '', beforeId or '', first and first[1] or '',
  known and 1 or 0, last, isLast and 1 or 0, found,
}
`)
