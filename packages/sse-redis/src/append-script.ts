import { END_JSON, TAIL } from './lua.js'
import { Script } from './script.js'

/**
 * Appends a batch of entries and rings the bell. It does so once, however often it is sent: clients repeat commands whose
 * answers were lost.
 *
 * KEYS[3]: what this publisher appended to this channel last. ARGV: the number of the batch; the publisher's mark for it; the
 * deadline by the server's clock ('' only requests the time); how long the publisher's record is kept; how many events the log
 * keeps and for how many ms; how long the tail is kept; whether the bell is sharded. Then, for each entry, its own id ('' if
 * it has none) and its JSON.
 *
 * Returns 'late' (not appended, and never will be), 'stale' (a later batch was appended) or 'ok'; then the server's time; then
 * the stream ids of the entries, separated by commas, '' for entries after the end of the channel.
 *
 * A typical event takes seven server commands. Work that is not needed for each event is done once a second.
 */
export const APPEND: Script = new Script(`${TAIL}
local number, mark, deadline, keepRecordMs, maxEvents, maxAgeMs, keepTailMs, sharded = unpack(ARGV, 1, 8)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local nowText = string.format('%.0f', now)

local record = redis.call('GET', KEYS[3])
if record then
  local last, ids = string.match(record, '^(%d+) (.*)$')
  if last == number then return { 'ok', nowText, ids } end
  if tonumber(last) > tonumber(number) then return { 'stale', nowText } end
end
if deadline == '' or now > tonumber(deadline) then return { 'late', nowText } end

local before = readTail()
local place, id, flags = '', '', '-'
if before then place, id, flags = splitTail(before) end
local after, afterId = place, id
-- Work that is not needed for each event is done for the first event, and for the first one of each second.
local isFirst = string.find(place, 'origin')
  or math.floor((tonumber(string.match(place, '^%d+')) or 0) / 1000) ~= tonumber(time[1])
local all = {}
local streamIds = {}

local function add(...)
  if maxEvents == '' then return redis.call('XADD', KEYS[1], '*', ...) end
  return redis.call('XADD', KEYS[1], 'MAXLEN', '~', maxEvents, '*', ...)
end

local function append()
  -- The first entry of a new stream names the tail that it follows. Within a second of an event the stream cannot have expired.
  local isNewStream = before and isFirst and redis.call('XLEN', KEYS[1]) == 0
  local news = {}
  for i = 9, #ARGV, 2 do
    if string.find(flags, 'e') then
      all[#all + 1] = ''
    else
      local own, json = ARGV[i], ARGV[i + 1]
      local streamId
      if own == '' and not isNewStream then
        streamId = add('e', json, 'm', mark)
      else
        local fields = { 'e', json, 'm', mark }
        if own ~= '' then
          fields[5], fields[6] = 'i', own
          flags = string.gsub(flags, '^%-', 'o')
        end
        if isNewStream then
          fields[#fields + 1] = 'a'
          fields[#fields + 1] = before
        end
        isNewStream = false
        streamId = add(unpack(fields))
      end
      place = streamId .. '-' .. mark
      id = own ~= '' and own or place
      if json == '${END_JSON}' then flags = string.gsub(flags, '^%-', '') .. 'e' end
      all[#all + 1] = streamId
      streamIds[#streamIds + 1] = streamId
      news[#news + 1] = json
    end
  end

  if #news > 0 then
    if isFirst and maxAgeMs == '' then
      -- Processes with another maxAgeMs may have set an expiry.
      redis.call('PERSIST', KEYS[1])
    elseif isFirst then
      redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(0, now - maxAgeMs)))
      redis.call('PEXPIRE', KEYS[1], maxAgeMs + 1000)
    end
    local tail = place .. ' ' .. id .. ' ' .. flags
    if keepTailMs == '' then redis.call('SET', KEYS[2], tail)
    else redis.call('SET', KEYS[2], tail, 'PX', keepTailMs) end
    local message = '["' .. after .. '",' .. cjson.encode(afterId) .. ',"' .. mark .. '",["'
      .. table.concat(streamIds, '","') .. '"],[' .. table.concat(news, ',') .. ']]'
    -- Sharded Pub/Sub came with Redis 7, as did REDIS_VERSION_NUM.
    if sharded == '1' and redis.REDIS_VERSION_NUM then redis.call('SPUBLISH', KEYS[1], message)
    else redis.call('PUBLISH', KEYS[1], message) end
  end
  redis.call('SET', KEYS[3], number .. ' ' .. table.concat(all, ','), 'PX', keepRecordMs)
end

-- The server does not roll back a script that fails half-way, for example because its user may not publish.
local isDone, problem = pcall(append)
if not isDone then
  for _, streamId in ipairs(streamIds) do redis.pcall('XDEL', KEYS[1], streamId) end
  if #streamIds > 0 then
    if redis.pcall('XLEN', KEYS[1]) == 0 then redis.pcall('DEL', KEYS[1]) end
    if before then redis.pcall('SET', KEYS[2], before, 'KEEPTTL') else redis.pcall('DEL', KEYS[2]) end
  end
  if type(problem) == 'table' then return problem end
  return redis.error_reply(problem)
end
return { 'ok', nowText, table.concat(all, ',') }
`)
