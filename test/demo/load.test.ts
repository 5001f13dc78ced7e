import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Load, type LoadOptions, type Sample } from '../../src/demo/load.ts'
import { Tally, tally } from '../../src/demo/tally.ts'

async function origin(listener: RequestListener): Promise<{ server: Server; target: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, target: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function drive(options: Omit<LoadOptions, 'onSample' | 'streams'>, perSecond: number): Promise<Sample[]> {
  const samples: Sample[] = []
  const make = () => ({ method: 'GET', path: '/' })
  const load = new Load({
    ...options,
    streams: [{ name: 'GET', perSecond, make }],
    onSample: (sample) => samples.push(sample),
  })
  load.start()
  await load.finish()
  return samples
}

t.test('Load sends everything that is on the timetable, once', async (t) => {
  const { server, target } = await origin((_, response) => response.end('ok'))
  t.teardown(() => server.close())
  const samples = await drive({ target, duration: 400, patience: 10_000 }, 100)
  t.equal(samples.length, 41)
  t.equal(new Set(samples.map((sample) => sample.at)).size, 41)
  t.ok(samples.every((sample) => sample.status === 200 && sample.failure === ''))
})

t.test('Load counts latency from the scheduled moment, also while the whole process stands still', async (t) => {
  const { server, target } = await origin((_, response) => response.end('ok'))
  t.teardown(() => server.close())
  const standstill = setTimeout(() => {
    const end = performance.now() + 200
    while (performance.now() < end);
  }, 100)
  t.teardown(() => clearTimeout(standstill))
  const samples = await drive({ target, duration: 500, patience: 10_000 }, 100)
  t.equal(samples.length, 51, 'nothing was skipped')
  const held = samples.filter((sample) => sample.latency > 50)
  t.ok(held.length >= 10, `${held.length} requests were due while nothing ran`)
  t.ok(held.every((sample) => sample.latency >= sample.late))
})

t.test('Load gives up when its patience ends, and ends itself', async (t) => {
  const { server, target } = await origin(() => {})
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  const samples = await drive({ target, duration: 100, patience: 100 }, 50)
  t.equal(samples.length, 6)
  t.ok(samples.every((sample) => sample.failure === 'patience' && sample.status === 0))
  t.ok(samples.every((sample) => sample.latency >= 100))
})

t.test('Tally sorts answers by what they mean', async (t) => {
  const sum = new Tally()
  const base = { stream: 'GET', at: 0, latency: 4, late: 1, failure: '' } as const
  for (const status of [200, 201, 204, 404, 503, 503, 504]) sum.add({ ...base, status })
  sum.add({ ...base, status: 0, failure: 'patience' })
  t.match(sum, { total: 8, ok: 3, refused: 2, timedOut: 1, gaveUp: 1 })
  t.equal(sum.okPercent, 37.5)
  t.equal(sum.refusedLatency.count, 2)
})

t.test('tally() takes one stream and one stretch, the end not included', async (t) => {
  const at = (time: number, stream = 'GET'): Sample => ({
    ...{ stream, at: time, latency: 1, late: 0, status: 200, failure: '' },
  })
  t.equal(tally([at(9), at(10), at(19.9), at(20), at(15, 'POST')], 'GET', 10, 20).total, 2)
})
