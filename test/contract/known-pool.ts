/** Defects of the upstream pool that are known and not yet mended. Run by hand. */
import t from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { Pool } from '../../src/upstream/pool.ts'
import { turn } from '../support/raw.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { Seeded } from '../support/seeded.ts'
import { makeRequest } from './exchanges.ts'

t.test('Pool keeps a pause that was made while it connects, after a resume', async (t) => {
  const size = 5_000_000
  const origin = await startRawOrigin(async (peer) => {
    await peer.request()
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`).send(Buffer.alloc(size))
  })
  const settings = { maxPerEndpoint: 2, idle: 4000, maxAge: 600_000, believesPeer: false }
  const limits = { maxHeaderBytes: 65_536, maxHeaders: 200 }
  const context = { clock: new SystemClock(), random: new Seeded(1), defect() {} }
  const pool = new Pool('127.0.0.1', origin.port, { ...settings, limits }, context)
  let came = 0
  let over = false
  const body = pool.dispatch(
    makeRequest({ method: 'GET', bodyLength: 0 }),
    {
      informational() {},
      head() {},
      data(chunk) {
        came += chunk.length
      },
      end() {
        over = true
      },
      fail() {},
      pauseRequest() {},
      resumeRequest() {},
    },
    'origin',
  )
  body.end()
  body.pauseResponse()
  body.resumeResponse()
  body.pauseResponse()
  await (await origin.peer(0)).request()
  for (let i = 0; i < 200; i++) await turn()
  t.ok(came <= 65_536, `${came} bytes came in spite of the pause`)
  body.resumeResponse()
  while (!over) await turn()
  t.equal(came, size)
  pool.close()
  await origin.close()
})
