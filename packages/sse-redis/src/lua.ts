/** The end of a channel, as the scripts recognise it. No event has this JSON: the field is unknown. */
export const END_JSON: string = '{"end":true}'

// Pieces of the scripts.
//
// KEYS[1] is the log, a stream. Its entries have the fields `e` (the event as JSON), `m` (the mark of the batch), `i` (the publisher's
// own id, if there is one) and, in the first entry of a stream, `a` (the tail that it was appended to).
//
// KEYS[2] is the tail: "<place> <id> <flags>" of the newest entry, or of the place before the first one. It outlives expired entries for
// as long as a process follows the channel. Flags: `-` (none), `o` (publishers have used their own ids), `e` (the channel has ended). The
// tail of an ended channel counts only while there is a log. After that the channel is forgotten, and its name may be used again.
//
// A place is the stream id of an entry and its mark. Without the mark two logs could share a place: a lost one and its successor, or those
// of two databases, which share their Pub/Sub channels.

/** `field`, `placeOf`, `idOf` and `appendedTo` of an entry, `splitTail`, `readTail`, `firstEntry` and `entryAt`. */
export const TAIL: string = `
local function field(entry, name)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return ''
end

local function placeOf(entry)
  return entry[1] .. '-' .. field(entry, 'm')
end

local function idOf(entry)
  local own = field(entry, 'i')
  if own ~= '' then return own end
  return placeOf(entry)
end

local function splitTail(tail)
  return string.match(tail, '^(%S+) (%S+) (%S+)$')
end

-- The tail that the first entry of a stream follows, in its parts; nil for all other entries, and if there is none.
local function appendedTo(entry)
  if entry then return splitTail(field(entry, 'a')) end
end

local function firstEntry()
  return redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
end

-- The entry that a place is after; nil if the log does not have it.
local function entryAt(place)
  local streamId = string.match(place, '^(%d+%-%d+)%-')
  local known = streamId and redis.call('XRANGE', KEYS[1], streamId, streamId)[1]
  if known and placeOf(known) == place then return known end
end

-- Ids and marks have no spaces, but another program may have given one to an entry.
local function word(text)
  return (string.gsub(text, '%s', '_'))
end

-- The tail may be missing although the log is there: a server that is short of memory evicts key by key. One that another program has
-- overwritten counts as missing too. It stays when the log has expired, except for an ended channel: nobody would be told of the end,
-- and nobody could publish either.
local function readTail()
  local tail = redis.call('GET', KEYS[2])
  if tail and not splitTail(tail) then tail = false end
  if tail and string.find(tail, 'e$') and redis.call('XLEN', KEYS[1]) == 0 then return nil end
  if tail then return tail end
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not newest then return nil end
  local flags = field(newest, 'e') == '${END_JSON}' and 'oe' or 'o'
  return word(placeOf(newest)) .. ' ' .. word(idOf(newest)) .. ' ' .. flags
end
`

/** `stored`, an entry as the scripts return it, `pageSize`, and `range`, several entries. */
export const RANGE: string = `
local function stored(entry)
  return { entry[1], field(entry, 'e'), field(entry, 'm') }
end

-- How many entries to read next, at most so many, after some that have so many bytes together, if so many bytes are wanted. The server
-- copies entries with their payloads, and answers nobody meanwhile.
local function pageSize(most, found, size, bytes)
  if found == 0 then return 1 end
  return math.max(1, math.min(50, most, math.ceil((bytes - size) * found / math.max(1, size))))
end

-- Up to limit entries after a start, and up to about so many bytes, but at least one entry.
local function range(start, limit, bytes)
  local found = {}
  local size = 0
  while #found < limit do
    local count = pageSize(limit - #found, #found, size, bytes)
    local page = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', count)
    for _, entry in ipairs(page) do
      if #found > 0 and size >= bytes then return found end
      found[#found + 1] = stored(entry)
      size = size + #field(entry, 'e')
    end
    if #page < count then return found end
    start = '(' .. page[#page][1]
  end
  return found
end
`
