/** The access log's lines of connections that passed as bytes. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../../support/ask.ts'
import { services } from '../../support/proxy.ts'
import { turn } from '../../support/raw.ts'
import type { Script } from '../../support/raw-origin.ts'
import { redirectedWorld } from '../../support/redirected-world.ts'

const answers: Script = async (peer) => {
  peer.send(`${await peer.until('PING')} PONG`)
  await peer.untilEnded()
  peer.halfClose()
}

async function logged(t: Test, log: string, script = answers) {
  const file = join(t.testdir({}), 'access.log')
  const yaml = services({ db: 1 }).replace(':1"', ':ORIGIN"').replace('{format: none}', `{${log}, output: "${file}"}`)
  const world = await redirectedWorld(t, script, yaml)
  const lines = async () => {
    await eventually('a line', () => {
      world.clock.advance(20)
      return readFileSync(file, 'utf8') !== ''
    })
    return readFileSync(file, 'utf8').trimEnd().split('\n')
  }
  return { ...world, file, lines }
}

t.test('json: who, where to, how it was decided, how long, how many bytes, why it ended', async (t) => {
  const { origin, clock, client, lines } = await logged(t, 'format: json')
  const one = await client()
  const { localPort } = one
  clock.advance(10)
  one.send('\x01PING')
  await one.until('PONG')
  clock.advance(1500)
  one.halfClose()
  await one.untilClosed()
  const [line = ''] = await lines()
  t.equal(
    line,
    JSON.stringify({
      time: '2027-01-15T08:00:00.000Z',
      direction: 'outbound',
      original: `127.0.0.1:${origin.port}`,
      service: 'db',
      upstream: `127.0.0.1:${origin.port}`,
      why: 'not_http',
      durationMs: 0,
      reason: 'finished',
      receivedBytes: 5,
      sentBytes: 10,
      peer: '127.0.0.1',
      peerPort: localPort,
      protocol: 'TCP',
    }).replace('"durationMs":0', '"durationMs":1510.000'),
  )
})

/** As short as one can be that names a server; lengths in front of what they are of. */
function clientHello(name: string): Buffer {
  const behind = (bytes: number, part: Buffer): Buffer => {
    const length = Buffer.alloc(bytes)
    length.writeUIntBE(part.length, 0, bytes)
    return Buffer.concat([length, part])
  }
  const list = behind(2, Buffer.concat([Buffer.from([0]), behind(2, Buffer.from(name))]))
  const extensions = behind(2, Buffer.concat([Buffer.from([0, 0]), behind(2, list)]))
  const fixed = Buffer.from(`0303${'00'.repeat(32)}00000213010100`, 'hex')
  const message = Buffer.concat([Buffer.from([1]), behind(3, Buffer.concat([fixed, extensions]))])
  return Buffer.concat([Buffer.from([22, 3, 1]), behind(2, message)])
}

t.test('TLS: the name its client asked for; a reset says so', async (t) => {
  const { client, lines } = await logged(t, 'format: json', async (peer) => {
    await peer.when('the hello', () => peer.received.length > 0)
    peer.reset()
  })
  const one = await client()
  one.send(clientHello('db.test'))
  await one.untilEnded()
  const line = JSON.parse((await lines())[0] ?? '') as Record<string, unknown>
  t.match(line, { why: 'tls', serverName: 'db.test', reason: 'upstream_reset', sentBytes: 0 })
})

t.test('A name that is longer than any is none: its line is whole, and the connection is over', async (t) => {
  const { client, lines } = await logged(t, 'format: json', async (peer) => {
    await peer.when('the hello', () => peer.received.length > 0)
    peer.reset()
  })
  const one = await client()
  one.send(clientHello('\x01'.repeat(30_000)))
  await one.untilEnded()
  const line = JSON.parse((await lines())[0] ?? '') as Record<string, unknown>
  t.match(line, { why: 'tls', reason: 'upstream_reset', serverName: undefined })
})

t.test('Nobody there: the line says where it was to go, and that nothing came of it', async (t) => {
  const { client, lines } = await logged(t, 'format: json')
  const one = await client('outbound', { host: '127.0.0.1', port: 1 })
  one.send('\x01')
  await one.untilEnded()
  const line = JSON.parse((await lines())[0] ?? '') as Record<string, unknown>
  t.match(line, { service: 'passthrough', original: '127.0.0.1:1', reason: 'connect_failure', receivedBytes: 1 })
})

t.test('format: text has the same in one line', async (t) => {
  const { origin, client, lines } = await logged(t, 'format: text')
  const one = await client('inbound')
  const { localPort } = one
  one.send('\x01PING')
  await one.until('PONG')
  one.halfClose()
  await one.untilClosed()
  const at = `127.0.0.1:${origin.port}`
  const [line = ''] = await lines()
  t.equal(
    line.replace(/ [0-9.]+ms/, ' MSms'),
    `2027-01-15T08:00:00.000Z inbound 127.0.0.1 ${localPort} TCP ${at} - test not_http finished MSms received=5 sent=10 ${at}`,
  )
})

t.test('The same switches: no log, no line; a sample of none, none', async (t) => {
  for (const log of ['format: none', 'format: json, sample: 0%']) {
    const { file, clock, client } = await logged(t, log)
    const one = await client()
    one.send('\x01PING')
    await one.until('PONG')
    one.halfClose()
    await one.untilClosed()
    clock.advance(100)
    await turn()
    t.ok(!existsSync(file) || readFileSync(file, 'utf8') === '', log)
  }
})
