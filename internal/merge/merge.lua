-- Merges fields into a session's HASH, as merge.Merge does, in one step.
--
-- KEYS[1] the HASH
-- ARGV[1] how long the HASH is to live at least, in milliseconds
-- ARGV[2] the name of the incarnation, should the HASH have to be made
-- ARGV[3] the incarnation, and
-- ARGV[4] the version that the caller knows, or two empty strings
-- ARGV[5] '1' where the caller wants what it lacks
-- ARGV[6] the channel to publish changes on, or an empty string
-- ARGV[7] the session, and
-- ARGV[8] the caller, for that message
-- ARGV[9] and so on: name, value, name, value …
--
-- Returns incarnation, version, '1' where something changed, the number of fields
-- refused, '1' where the state before was another than the caller knows, and then
-- names and values that the caller lacks. All strings.

local STAMP, WINDOW, MAX_NAME, MAX_PAYLOAD, MAX_AHEAD = 24, 256, 512, 131072, 60000
local CHUNK = 500 -- arguments of one call; Lua's stack holds some thousands
local key = KEYS[1]
local sub, byte, find = string.sub, string.byte, string.find

local time = redis.call('TIME')
local limit = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + MAX_AHEAD

-- above is a > b by bytes. Lua's own comparison goes by the server's locale.
local function above(a, b)
  if a == b then return false end
  for i = 1, math.min(#a, #b) do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

local function class(name)
  if name == '_del' then return '_' end
  if #name < 3 or #name > MAX_NAME or sub(name, 2, 2) ~= ':' then return nil end
  local first = sub(name, 1, 1)
  if first == 'r' or first == 's' then return first end
  if first == 'w' and #name > 4 and find(name, '^w:[a-z]:') then return 'w' end
  return nil
end

local function stamp_at(value, from)
  local text = sub(value, from, from + STAMP - 1)
  if #text ~= STAMP or find(text, '[^0-9a-f]') then return nil end
  return text
end

local function ahead(stamp) return tonumber(sub(stamp, 1, 12), 16) > limit end

-- admitted is false for a field that is malformed or from the future.
local function admitted(name, value)
  local kind = class(name)
  if not kind then return false end
  local added = stamp_at(value, 1)
  if not added or ahead(added) then return false end
  if kind == 's' then
    local removed = stamp_at(value, STAMP + 1)
    if not removed or ahead(removed) then return false end
    if #value > 2 * STAMP + MAX_PAYLOAD then return false end
    return above(added, removed) or #value == 2 * STAMP
  end
  if kind == '_' then
    return #value == STAMP + 12 and not find(value, '[^0-9a-f]')
  end
  return #value <= STAMP + MAX_PAYLOAD
end

local function join(name, old, new)
  if not old or old == new then return new end
  if sub(name, 1, 1) ~= 's' then
    if above(new, old) then return new end
    return old
  end
  local old_added, old_removed = sub(old, 1, STAMP), sub(old, STAMP + 1, 2 * STAMP)
  local added, removed = sub(new, 1, STAMP), sub(new, STAMP + 1, 2 * STAMP)
  local payload = sub(new, 2 * STAMP + 1)
  if above(old_added .. sub(old, 2 * STAMP + 1), added .. payload) then
    added, payload = old_added, sub(old, 2 * STAMP + 1)
  end
  if above(old_removed, removed) then removed = old_removed end
  if not above(added, removed) then payload = '' end
  return added .. removed .. payload
end

-- in_chunks calls a command with many arguments, some at a time.
local function in_chunks(command, list)
  local results = {}
  for from = 1, #list, CHUNK do
    local part = redis.call(command, key, unpack(list, from, math.min(from + CHUNK - 1, #list)))
    if type(part) == 'table' then
      for _, value in ipairs(part) do results[#results + 1] = value end
    end
  end
  return results
end

local function is_state(name) return name ~= '_v' and name ~= '_inc' end

-- What comes in.
local delta, names, refused = {}, {}, 0
for i = 9, #ARGV, 2 do
  local name, value = ARGV[i], ARGV[i + 1]
  if value and admitted(name, value) then
    if not delta[name] then names[#names + 1] = name end
    delta[name] = join(name, delta[name], value)
  else
    refused = refused + 1
  end
end

local head = redis.call('HMGET', key, '_v', '_inc', '_del')
local version_before, incarnation, grave = head[1] or '0', head[2] or '', head[3]
local whole = ARGV[5] == '1' and not (ARGV[3] == incarnation and ARGV[4] == version_before)

-- What is to be written, and what is to go.
local set, gone = {}, {}
if grave or delta['_del'] then
  local joined = delta['_del'] and join('_del', grave, delta['_del']) or grave
  if joined ~= grave then
    set['_del'] = joined
    for _, name in ipairs(redis.call('HKEYS', key)) do
      if is_state(name) and name ~= '_del' then gone[#gone + 1] = name end
    end
  end
else
  local old = in_chunks('HMGET', names)
  local crowded = {}
  local any = false
  for i, name in ipairs(names) do
    local joined = join(name, old[i], delta[name])
    if joined ~= old[i] then
      set[name] = joined
      if not old[i] and sub(name, 1, 1) == 'w' then
        crowded[sub(name, 1, 4)] = {}
        any = true
      end
    end
  end
  if any and redis.call('HLEN', key) + #names > WINDOW then
    local seen = {}
    local function note(name)
      local window = crowded[sub(name, 1, 4)]
      if window and not seen[name] then
        seen[name] = true
        window[#window + 1] = name
      end
    end
    for _, name in ipairs(redis.call('HKEYS', key)) do note(name) end
    for name in pairs(set) do note(name) end
    for _, window in pairs(crowded) do
      if #window > WINDOW then
        local values = in_chunks('HMGET', window)
        local order = {}
        for i, name in ipairs(window) do
          order[i] = sub(set[name] or values[i], 1, STAMP) .. name
        end
        table.sort(order, above)
        for i = WINDOW + 1, #order do
          local name = sub(order[i], STAMP + 1)
          set[name] = nil
          gone[#gone + 1] = name
        end
      end
    end
  end
end

local changed = false
if #gone > 0 then
  for from = 1, #gone, CHUNK do
    local n = redis.call('HDEL', key, unpack(gone, from, math.min(from + CHUNK - 1, #gone)))
    changed = changed or n > 0
  end
end
local pairs_to_set = {}
for name, value in pairs(set) do
  pairs_to_set[#pairs_to_set + 1] = name
  pairs_to_set[#pairs_to_set + 1] = value
end
if #pairs_to_set > 0 then
  in_chunks('HSET', pairs_to_set)
  changed = true
end

local version = version_before
if changed then
  -- The time, so that after a failover which lost the latest changes no other
  -- change gets the version of one of those: counts would meet again.
  local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
  version = string.format('%.0f', math.max((tonumber(version_before) or 0) + 1, micros))
  redis.call('HSET', key, '_v', version)
  if incarnation == '' then
    incarnation = ARGV[2]
    redis.call('HSET', key, '_inc', incarnation)
  end
end
local ttl = tonumber(ARGV[1])
if ttl > 0 and version ~= '0' and redis.call('PTTL', key) < ttl then
  redis.call('PEXPIRE', key, ttl)
end
if changed and ARGV[6] ~= '' then
  redis.call('PUBLISH', ARGV[6], ARGV[7] .. ' ' .. incarnation .. ' ' .. version .. ' ' .. ARGV[8])
end

local reply = {incarnation, version, changed and '1' or '0', tostring(refused), whole and '1' or '0'}
if whole then
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if is_state(all[i]) and delta[all[i]] ~= all[i + 1] then
      reply[#reply + 1] = all[i]
      reply[#reply + 1] = all[i + 1]
    end
  end
end
return reply
