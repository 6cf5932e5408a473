package remote

import "github.com/redis/rueidis"

// The scripts touch one key each, so they run in a cluster as well. All may be
// run twice. They take and give numbers as text.
//
// Those that run in batches are sent as text each time: the client's batches of
// scripts by their hash load the script on all nodes first, and fail where one of
// them is down.

// openLedger reads the ledger, which it makes where there is none, where it went
// back in time (a failover lost its end), or where another is asked for.
//
// ARGV: known incarnation, known epoch, "1" for another, channel.
// Returns: incarnation, epoch, then the slots invalidated since the known epoch
// (or ever), each followed by its epoch.
var openLedger = rueidis.NewLuaScriptRetryable(`
local known, at = tonumber(ARGV[1]), tonumber(ARGV[2])
local incarnation = tonumber(redis.call('ZSCORE', KEYS[1], 'i') or 0)
local epoch = tonumber(redis.call('ZSCORE', KEYS[1], 'e') or -1)
if epoch < 0 or incarnation < known or (incarnation == known and epoch < at) or ARGV[3] == '1' then
  local time = redis.call('TIME')
  incarnation = math.max(time[1] * 1000000 + time[2], known + 1, incarnation + 1)
  epoch = 0
  redis.call('DEL', KEYS[1])
  redis.call('ZADD', KEYS[1], string.format('%.0f', incarnation), 'i', 0, 'e')
  redis.call('PUBLISH', ARGV[4], string.format('t %.0f 0  ', incarnation))
end
if incarnation ~= known then at = 0 end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', at), '+inf', 'WITHSCORES')
table.insert(found, 1, string.format('%.0f', epoch))
table.insert(found, 1, string.format('%.0f', incarnation))
return found
`)

// invalidate writes an invalidation into the ledger and tells everybody.
//
// ARGV: incarnation, channel, the end of the message, slots….
// Returns the invalidation's epoch, or -1 where the ledger is another one.
var invalidate = rueidis.NewLuaScript(`
local incarnation = redis.call('ZSCORE', KEYS[1], 'i')
if not incarnation or tonumber(incarnation) ~= tonumber(ARGV[1]) then return '-1' end
local epoch = string.format('%.0f', redis.call('ZINCRBY', KEYS[1], 1, 'e'))
for slot = 4, #ARGV do redis.call('ZADD', KEYS[1], epoch, ARGV[slot]) end
redis.call('PUBLISH', ARGV[2], 't ' .. ARGV[1] .. ' ' .. epoch .. ' ' .. ARGV[3])
return epoch
`)

// readHeader is how the two scripts below take apart what stands under a key.
const readHeader = `
local head = redis.call('GETRANGE', KEYS[1], 0, 65)
local incarnation, floor, since = 0, 0, 0
if #head == 66 and string.sub(head, 1, 2) == 'U1' then
  incarnation = tonumber(string.sub(head, 3, 18)) or 0
  floor = tonumber(string.sub(head, 19, 34)) or 0
  since = tonumber(string.sub(head, 35, 50)) or 0
end
`

// writeValue writes a value, unless the key was invalidated after the value's
// load began, or somebody else has written what was loaded later. What is known
// of the key's invalidation stays with it at least as long as it would have.
//
// ARGV: incarnation, since, write, frame, lifetime in ms.
// Returns 1 where it wrote.
var writeValue = rueidis.NewLuaScriptNoShaRetryable(readHeader + `
local mine = tonumber(ARGV[1])
if incarnation > mine then return 0 end
local lifetime = tonumber(ARGV[5])
if incarnation == mine then
  if tonumber(ARGV[2]) < floor or tonumber(ARGV[2]) < since then return 0 end
  if floor > 0 then lifetime = math.max(lifetime, redis.call('PTTL', KEYS[1])) end
else
  floor = 0
end
redis.call('SET', KEYS[1], 'U1' .. ARGV[1] .. string.format('%016.0f', floor) .. ARGV[2] .. ARGV[3] .. ARGV[4],
  'PX', string.format('%.0f', lifetime))
return 1
`)

// strikeKey leaves a tombstone where an invalidated key's value was, or a newer
// value, and tells everybody.
//
// ARGV: incarnation, epoch, since, write, frame, lifetime in ms, channel, message.
// Returns 0 where the ledger is known to be another one.
var strikeKey = rueidis.NewLuaScriptNoShaRetryable(readHeader + `
local mine = tonumber(ARGV[1])
if incarnation > mine then return 0 end
if incarnation < mine or floor < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], 'U1' .. ARGV[1] .. ARGV[2] .. ARGV[3] .. ARGV[4] .. ARGV[5], 'PX', ARGV[6])
end
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 1
`)

// renewLease prolongs a lease that is still the caller's.
//
// ARGV: token, lifetime in ms.
var renewLease = rueidis.NewLuaScriptRetryable(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`)

// releaseLease ends a lease that is still the caller's.
var releaseLease = rueidis.NewLuaScriptRetryable(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)
