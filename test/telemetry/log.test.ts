import t from 'tap'
import { createLog } from '../../src/telemetry/index.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemorySink } from './world.ts'

t.test('One JSON object a line, graver ones only', async (t) => {
  const sink = new MemorySink()
  const log = createLog('info', new FakeClock(), sink)
  log.debug('unheard')
  log.info('ready', { inbound: ['127.0.0.1:1'], bound: Number.POSITIVE_INFINITY })
  log.error('broken', { error: new Error('why') })
  t.equal(sink.lines.length, 2)
  t.equal(
    sink.lines[0],
    '{"time":"2027-01-15T08:00:00.000Z","level":"info","msg":"ready","inbound":["127.0.0.1:1"],"bound":"none"}',
  )
  t.match(JSON.parse(sink.lines[1] ?? ''), { level: 'error', error: /^Error: why\n/ })
  t.equal(sink.writes, 2)
})

t.test('What JSON cannot say never throws', async (t) => {
  const sink = new MemorySink()
  const log = createLog('debug', new FakeClock(), sink)
  const circle: Record<string, unknown> = {}
  circle.self = circle
  log.warn('odd', { circle })
  log.warn('odd', {
    big: 10n,
    throws: {
      toJSON: () => {
        throw new Error('no')
      },
    },
  })
  t.match(JSON.parse(sink.lines[0] ?? ''), { msg: 'odd', level: 'warn' })
  t.match(JSON.parse(sink.lines[1] ?? ''), { msg: 'odd', level: 'warn' })
})
