/** What stands for the end of a channel, by which the scripts know it: no event has such a field. */
export const END_JSON: string = '{"end":true}'

// Pieces of the scripts.
//
// KEYS[1] is the log: a stream whose entries have `e`, the event as JSON, `m`, the mark of their batch, `i`, an id of the
// publisher's own, and, of the first of a stream, `a`, the tail that it was appended to.
//
// KEYS[2] is the tail: "<place> <id> <flags>" of the newest entry, or of the place before the first. It stays when entries
// expire, for as long as somebody follows. Flags: `-`, `o` (there have been ids of publishers' own), `e` (the end). That of
// a channel which has ended counts as long as there is a log: with it the channel is forgotten, and its name may be used anew.
//
// A place is the stream's id of an entry and its mark. Without the mark two logs could have the same: one that was lost and its
// successor, or those of two databases, whose bells everybody hears.

/** `field`, `placeOf` and `idOf` of an entry, `splitTail` and `readTail`. */
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

-- The tail may be gone where the log is not: a server that is short of memory evicts key by key. And it stays where the log has
-- expired, but not for a channel that has ended: nobody would hear of the end any more, and nobody could publish either.
local function readTail()
  local tail = redis.call('GET', KEYS[2])
  if tail and string.find(tail, 'e$') and redis.call('XLEN', KEYS[1]) == 0 then return nil end
  if tail then return tail end
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not newest then return nil end
  local flags = field(newest, 'e') == '${END_JSON}' and 'oe' or 'o'
  return placeOf(newest) .. ' ' .. idOf(newest) .. ' ' .. flags
end
`

/** `stored`, an entry as it is returned, and `range`, several. */
export const RANGE: string = `
local function stored(entry)
  return { entry[1], field(entry, 'e'), field(entry, 'm') }
end

-- At most so many entries after a start, and no more bytes than fit, but one at least.
local function range(start, limit, bytes)
  local found = {}
  local size = 0
  while #found < limit do
    local count = math.min(50, limit - #found)
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
