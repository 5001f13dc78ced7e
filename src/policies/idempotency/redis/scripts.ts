/**
 * What happens to a key in Redis, each step whole or not at all. A key is a hash: `s` its state (L leased, U unknown, D done),
 * `t` the token of who leased it, `e` when the lease runs out in ms by Redis' own clock, `a` the answer.
 *
 * A lease that ran out is not removed but stands as it is: its owner died or was cut off, nobody knows what it did, and a key
 * that vanished would be carried out again without a word. The clock is that of Redis, so that replicas need not agree on time.
 */

export interface Script {
  readonly text: string
  /** SHA-1 in hex, by which Redis knows it; made when it is first sent. */
  sha: string
}

/** ARGV: token, lease in ms, ttl in ms, `1` where an unknown key is free. Gives `[word]` or `['done', answer]`. */
export const ACQUIRE: Script = {
  sha: '',
  text: `local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local is = redis.call('HMGET', KEYS[1], 's', 'e', 'a')
local state = is[1]
if state == 'D' then return {'done', is[3]} end
if state == 'U' or (state == 'L' and tonumber(is[2]) <= now) then
  if ARGV[4] ~= '1' then return {'unknown'} end
  state = false
end
if state then return {'in_flight'} end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 's', 'L', 't', ARGV[1], 'e', string.format('%d', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
return {'leased'}`,
}

/** ARGV: token, lease in ms, ttl in ms. Only the owner renews. */
export const RENEW: Script = {
  sha: '',
  text: `if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], 'e', string.format('%d', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
return 1`,
}

/** ARGV: token, fate, ttl in ms, answer. Only the owner settles, and once; late is as good as in time. */
export const SETTLE: Script = {
  sha: '',
  text: `if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] == 'free' then return 1 end
if ARGV[2] == 'done' then redis.call('HSET', KEYS[1], 's', 'D', 'a', ARGV[4])
else redis.call('HSET', KEYS[1], 's', 'U') end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`,
}
