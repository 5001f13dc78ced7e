import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import { type Clock, SystemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { StoredAnswer } from '../../../src/policies/idempotency/answer.ts'
import { decode, encode } from '../../../src/policies/idempotency/redis/codec.ts'
import { RedisConnection, type RedisTls } from '../../../src/policies/idempotency/redis/connection.ts'
import { ACQUIRE } from '../../../src/policies/idempotency/redis/scripts.ts'
import { RedisStore } from '../../../src/policies/idempotency/redis/store.ts'
import type { Lease, Look } from '../../../src/policies/idempotency/store.ts'
import { Authority } from '../../support/certificates.ts'
import { eventually } from '../../support/ask.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { freePort } from '../../support/free-port.ts'
import { noRedis, type Redis, startRedis } from '../../support/redis.ts'
import { Events } from '../../support/stubs.ts'
import { listening, PemFolder } from '../../support/tls.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

interface Replica {
  readonly store: RedisStore
  acquire(key: string): Promise<Look>
  wait(key: string): Promise<Look>
}

interface ReplicaOptions {
  readonly ttl?: number
  readonly release?: boolean
  readonly lease?: number
  readonly timeout?: number
  readonly passwordFile?: string
  readonly tls?: RedisTls
  readonly clock?: Clock
}

function replica(t: Test, port: number, options: ReplicaOptions = {}): Replica {
  const {
    ttl = 60_000,
    release = false,
    lease = 10_000,
    timeout = 10_000,
    passwordFile,
    tls,
    clock = new SystemClock(),
  } = options
  const redis = { url: `redis://127.0.0.1:${port}/1`, timeout, passwordFile, tls }
  const events = new Events()
  const whole = { service: 's', policy: 'p', ttl, release, redis, lease }
  const store = new RedisStore(whole, clock, systemRandom(), events)
  t.teardown(() => store.retire())
  return {
    store,
    acquire: (key) => new Promise((told) => store.acquire(key, { told })),
    wait: (key) => new Promise((told) => store.wait(key, { told })),
  }
}

function lease(look: Look): Lease {
  if (look.found !== 'leased') throw new Error(look.found)
  return look.lease
}

/** Asks until it is so: another process' clock decides. */
async function until(replica: Replica, key: string, found: Look['found']): Promise<Look> {
  for (;;) {
    const look = await replica.acquire(key)
    if (look.found === found) return look
    if (look.found === 'leased') look.lease.settle('free', undefined)
  }
}

const ANSWER = new StoredAnswer('ab', 201, 'Créé', ['X-A', 'ü'], 3, Buffer.from([0, 255, 10]), ['x-t', '1'])

t.test('codec: an answer comes back as it was; what is none of ours does not', async (t) => {
  t.same(decode(encode(ANSWER)), ANSWER)
  const plain = new StoredAnswer('ab', 204, '', [], 0, Buffer.alloc(0), undefined)
  t.same(decode(encode(plain)), plain)
  for (const bytes of ['', 'abc', 'abcdefgh', '\x00\x00\x00\x02{}', '\x00\x00\x00\x04null'])
    t.equal(decode(Buffer.from(bytes)), undefined)
})

t.test('two replicas share one Redis', { skip: noRedis }, async (t) => {
  const redis: Redis = await startRedis(t)

  t.test('leased by one, in flight for the other, done for both', async (t) => {
    const [a, b] = [replica(t, redis.port), replica(t, redis.port)]
    const first = lease(await a.acquire('k'))
    t.equal((await b.acquire('k')).found, 'in_flight')
    const waiting = b.wait('k')
    first.settle('done', ANSWER)
    t.same(await waiting, { found: 'done', answer: ANSWER })
    t.same(await a.acquire('k'), { found: 'done', answer: ANSWER })
    t.match(a.store.snapshot(), { store: 'redis', up: true, leased: 0 })
  })

  t.test('freed by one, leased by who waited', async (t) => {
    const [a, b] = [replica(t, redis.port), replica(t, redis.port)]
    const first = lease(await a.acquire('f'))
    const waiting = b.wait('f')
    first.settle('free', undefined)
    lease(await waiting).settle('unknown', undefined)
    t.equal((await until(a, 'f', 'unknown')).found, 'unknown')
  })

  t.test('a lease that ran out puts the key in doubt, and its owner may still say what became of it', async (t) => {
    const dead = replica(t, redis.port, { lease: 30 })
    const b = replica(t, redis.port)
    // Its clock stands still, as that of a process that was stopped: nothing is renewed.
    const standing = { now: () => 0, wallTime: () => 0, schedule: () => undefined as never, cancel: () => {} }
    Object.assign(dead.store, { clock: standing })
    const late = lease(await dead.acquire('l'))
    t.equal((await until(b, 'l', 'unknown')).found, 'unknown')
    late.settle('done', ANSWER)
    t.equal((await until(b, 'l', 'done')).found, 'done')
  })

  t.test('with release a lease that ran out is taken over, and the old owner has no say any more', async (t) => {
    const dead = replica(t, redis.port, { lease: 30, release: true })
    const b = replica(t, redis.port, { release: true })
    const standing = { now: () => 0, wallTime: () => 0, schedule: () => undefined as never, cancel: () => {} }
    Object.assign(dead.store, { clock: standing })
    const late = lease(await dead.acquire('r'))
    const owner = lease(await until(b, 'r', 'leased'))
    late.settle('free', undefined)
    t.equal((await dead.acquire('r')).found, 'in_flight')
    owner.settle('done', ANSWER)
    t.equal((await until(b, 'r', 'done')).found, 'done')
  })

  t.test('a lease is renewed as long as its request lives', async (t) => {
    const a = replica(t, redis.port, { lease: 300 })
    const b = replica(t, redis.port)
    const first = lease(await a.acquire('n'))
    const [before = ''] = /\d{13}/.exec(await leaseEnd(redis)) ?? []
    let renewed = before
    while (renewed === before) [renewed = ''] = /\d{13}/.exec(await leaseEnd(redis)) ?? []
    t.ok(renewed > before)
    first.settle('free', undefined)
    lease(await until(b, 'n', 'leased')).settle('free', undefined)
  })

  t.test('a key whose ttl has passed is free', async (t) => {
    const a = replica(t, redis.port, { ttl: 50 })
    lease(await a.acquire('t')).settle('done', ANSWER)
    lease(await until(a, 't', 'leased')).settle('free', undefined)
  })
})

/** Of the one key that is leased. */
async function leaseEnd(redis: Redis): Promise<string> {
  const keys = (await redis.tell('SELECT', '1')) && (await inOne(redis, ['KEYS', '*']))
  for (const [key] of keys.matchAll(/outrigger:\S+/g)) {
    const is = await inOne(redis, ['HMGET', key, 's', 'e'])
    if (is.includes('\r\nL\r\n')) return is
  }
  return ''
}

function inOne(redis: Redis, command: readonly string[]): Promise<string> {
  return redis.tell('EVAL', `redis.call('SELECT', 1) return redis.call(unpack(ARGV))`, '0', ...command)
}

t.test('Redis that is gone fails at once, and what it missed is told when it is back', { skip: noRedis }, async (t) => {
  const redis = await startRedis(t)
  const a = replica(t, redis.port)
  const first = lease(await a.acquire('k'))
  await redis.kill()
  t.equal((await a.acquire('other')).found, 'failed')
  first.settle('done', ANSWER)
  while (a.store.snapshot().up) await a.acquire('other')
  t.match(a.store.snapshot(), { up: false })
  await redis.restart()
  while (!a.store.snapshot().up) await new Promise((resolve) => setImmediate(resolve))
  // It came back empty, scripts and all: nothing to be told of a key that nobody knows.
  lease(await a.acquire('k')).settle('free', undefined)
})

t.test('what a Redis refuses for a while it is told once it takes it again', { skip: noRedis }, async (t) => {
  const redis = await startRedis(t)
  const clock = new FakeClock()
  const a = replica(t, redis.port, { clock })
  const first = lease(await a.acquire('k'))
  // As a disk that is full, or a server without its replicas: the connection stands.
  await redis.tell('CONFIG', 'SET', 'busy-reply-threshold', '1')
  const busy = redis.tell('EVAL', 'while true do end', '0')
  await until(a, 'other', 'failed')
  first.settle('done', ANSWER)
  // Of keys that were never leased nothing is to be told.
  for (let i = 0; i < 1010; i++) await a.acquire(`${i}`)
  t.ok(a.store.snapshot().bytes > 0, 'the answer is still here')
  clock.advance(1100)
  t.equal((await a.acquire('k')).found, 'failed')
  await redis.tell('SCRIPT', 'KILL')
  t.match(await busy, /killed/)
  t.equal((await a.acquire('k')).found, 'in_flight')
  clock.advance(1100)
  await until(a, 'k', 'done')
  t.equal(a.store.snapshot().bytes, 0)
  t.equal(clock.pending, 0)
})

t.test(
  'a Redis that hangs is given up after the timeout, and the key it leased late is freed',
  { skip: noRedis },
  async (t) => {
    const redis = await startRedis(t)
    const a = replica(t, redis.port, { timeout: 60 })
    const b = replica(t, redis.port)
    lease(await until(a, 'warm', 'leased')).settle('free', undefined)
    process.kill(redis.pid, 'SIGSTOP')
    t.equal((await a.acquire('k')).found, 'failed')
    process.kill(redis.pid, 'SIGCONT')
    lease(await until(b, 'k', 'leased')).settle('free', undefined)
  },
)

t.test('no Redis at the start: asked again and again, refused at once', async (t) => {
  const port = await freePort()
  const a = replica(t, port)
  t.equal((await a.acquire('k')).found, 'failed')
  t.match(a.store.snapshot(), { up: false, error: /ECONNREFUSED/ })
  if (noRedis !== false) return
  t.match((await a.acquire('k')).found, 'failed')
})

t.test('a Redis that takes the first connection and says nothing holds a bounded number of questions', async (t) => {
  const sockets: Socket[] = []
  // The password is asked for first, and never answered.
  const server = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const connection = new RedisConnection(
    { url: `redis://someone@127.0.0.1:${port}`, timeout: 250 },
    systemRandom(),
    () => {},
  )
  let refused = 0
  for (let i = 0; i < 10_000; i++) connection.call(ACQUIRE, 'k', [], () => refused++)
  await Promise.resolve()
  t.equal(refused, 0)
  const last = new Promise<string>((resolve) => connection.call(ACQUIRE, 'k', [], (_value, error) => resolve(error)))
  t.match(await last, /does not stand/)
  t.equal(refused, 0)
  connection.close()
  t.equal(refused, 10_000, 'and all are told when it ends')
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

t.test('the password is read from its file', { skip: noRedis }, async (t) => {
  const redis = await startRedis(t, { password: 's3cret' })
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 's3cret\n')
  const a = replica(t, redis.port, { passwordFile })
  lease(await a.acquire('k')).settle('free', undefined)
  const none = replica(t, redis.port)
  t.equal((await none.acquire('k')).found, 'failed')
})

t.test('while a file of TLS is missing no socket is left behind by an attempt, and it is told why', async (t) => {
  const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
  const before = sockets()
  let pauses = 0
  const fraction = () => {
    pauses++
    return 0
  }
  const random = { ...systemRandom(), fraction }
  const tls = { ca: join(new PemFolder(t).path, 'ca.pem') }
  const connection = new RedisConnection(
    { url: `rediss://127.0.0.1:${await freePort()}`, timeout: 250, tls },
    random,
    () => {},
  )
  t.teardown(() => connection.close())
  await eventually('four attempts', () => pauses >= 4)
  t.ok(sockets() - before <= 1, 'that of an attempt under way')
  t.match(connection.error, /ENOENT.*ca\.pem/)
  t.notOk(connection.up)
})

t.test('serverName may be an address, which the certificate of Redis has to name', async (t) => {
  const authority = new Authority('root')
  const tls = { ca: new PemFolder(t).write('ca.pem', authority.cert), serverName: '10.9.8.7' }
  const connection = (port: number) => {
    const made = new RedisConnection(
      { url: `rediss://localhost:${port}/1`, timeout: 250, tls },
      systemRandom(),
      () => {},
    )
    t.teardown(() => made.close())
    return made
  }
  let heard = ''
  const hear = (socket: TLSSocket) => socket.on('data', (chunk: Buffer) => (heard += chunk))
  connection(await listening(t, createTlsServer(authority.issue({ names: ['10.9.8.7'] }), hear)))
  await eventually('a command', () => heard.includes('SELECT'))
  const other = connection(await listening(t, createTlsServer(authority.issue({ names: ['localhost'] }))))
  await eventually('why not', () => /10\.9\.8\.7 is not in the cert/.test(other.error))
})

t.test(
  'files of TLS are read at every connection made, and may be missing for a while',
  { skip: noRedis },
  async (t) => {
    const redis = await startRedis(t)
    const pem = new PemFolder(t)
    const authority = new Authority('root')
    const shown: string[] = []
    const open: TLSSocket[] = []
    const server = authority.issue()
    const tlsOptions = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    const port = await listening(
      t,
      createTlsServer(tlsOptions, (socket) => {
        shown.push(socket.getPeerX509Certificate()?.subject ?? '')
        open.push(socket)
        const plain = connect(redis.port, '127.0.0.1')
        socket.pipe(plain).pipe(socket)
        plain.on('error', () => socket.destroy())
        socket.on('close', () => plain.destroy())
      }),
    )
    const show = (subject: string) => pem.pair('own', authority.issue({ names: ['us'], subject }))
    show('one')
    const ca = join(pem.path, 'ca.pem')
    const tls = { ca, serverName: 'localhost', cert: join(pem.path, 'own.crt'), key: join(pem.path, 'own.key') }
    const a = replica(t, port, { tls })
    t.equal((await a.acquire('x')).found, 'failed', 'the CA is not there yet')
    pem.write('ca.pem', authority.cert)
    const works = (key: string) =>
      eventually(
        'a lease',
        async () => {
          const look = await a.acquire(key)
          if (look.found === 'leased') look.lease.settle('free', undefined)
          return look.found === 'leased'
        },
        10_000,
      )
    await works('a')
    show('two')
    for (const socket of open.splice(0)) socket.destroy()
    await eventually('the renewed one', () => shown.includes('CN=two'), 10_000)
    await works('b')
    t.same(shown, ['CN=one', 'CN=two'])
  },
)
