import t from 'tap'
import { type Frame, legend, painter, plainLine, screenLines } from '../../src/demo/frame.ts'
import { DEMO } from '../../src/demo/schedule.ts'
import { Screen } from '../../src/demo/screen.ts'
import type { SideView } from '../../src/demo/side.ts'
import { width } from '../../src/demo/table.ts'

const NOTHING = { ok: Number.NaN, refused: Number.NaN, refusedP99: Number.NaN, p99: Number.NaN }

const without: SideView = {
  get: { ...NOTHING, ok: 11.2, p99: 3001 },
  post: { ...NOTHING, ok: 0, refused: 0, p99: 3002 },
  ...{ busy: 200, slots: 200, waiting: 1204, held: 200 },
  sidecar: undefined,
  opened: Number.NaN,
  closed: Number.NaN,
  history: [1, 1, 0.2, 0],
}

const guarded: SideView = {
  get: { ...NOTHING, ok: 100, p99: 6.3 },
  post: { ok: 0, refused: 100, refusedP99: 4.4, p99: 5.1 },
  ...{ busy: 1, slots: 200, waiting: 0, held: 1 },
  sidecar: { breaker: 'open', inflight: 0, limit: 20 },
  opened: 1230,
  closed: Number.NaN,
  history: Array.from({ length: 100 }, () => 1),
}

const frame: Frame = { phase: 'outage', left: 7300, round: 2, timetable: DEMO, without, guarded }

t.test('screenLines() fits the terminal, from 60 columns on', async (t) => {
  for (const columns of [60, 80, 100, 120, 200]) {
    for (const colours of [false, true]) {
      const widest = Math.max(...screenLines(frame, columns, painter(colours)).map(width))
      t.ok(widest <= columns, `${widest} of ${columns}`)
    }
  }
  t.ok(screenLines(frame, 80, painter(false)).length <= 16)
  t.doesNotThrow(() => screenLines(frame, 20, painter(false)))
})

t.test('screenLines() shows both halves side by side', async (t) => {
  const text = screenLines(frame, 80, painter(false)).join('\n')
  t.match(text, /OUTAGE .*recovery in 8 s/)
  t.match(text, /GET {2}ok +11\.2 % +100 %/)
  t.match(text, /refused at once +– +100 % in 4\.4 ms/)
  t.match(text, /busy slots +200\/200 +█+ +1\/200 +█░+/)
  t.match(text, /breaker +– +OPEN {2}opened 1\.23 s in/)
  t.notMatch(text, /\u001b/, 'NO_COLOR is honoured')
})

t.test('screenLines() says when the breaker closed again', async (t) => {
  const closed = { ...guarded, sidecar: { breaker: 'closed', inflight: 1, limit: 20 } as const, closed: 3400 }
  const text = screenLines({ ...frame, phase: 'recovery', guarded: closed }, 80, painter(false)).join('\n')
  t.match(text, /closed, 3\.40 s after recovery/)
})

t.test('plainLine() says the same in one line', async (t) => {
  t.equal(
    plainLine(frame, 75_400),
    ' 1:15 outage   | without: GET ok 11.2 % p99 3.00 s, POST ok 0 %, slots 200/200 | ' +
      'with: GET ok 100 % p99 6.3 ms, POST ok 0 % refused 100 %, slots 1/200, breaker open, bulkhead 0/20',
  )
})

t.test('legend() comes where there is room for it', async (t) => {
  t.same(legend(80), [])
  t.ok(Math.max(...legend(120).map(width)) <= 120)
})

t.test('Screen.draw never writes more rows than there are', async (t) => {
  let written = ''
  const screen = new Screen({ write: (text) => (written += text), columns: 10, rows: 4 })
  screen.draw(['one', 'a line of three rows in all', 'left out'], ['extra'])
  t.match(written, /one.*a line of three rows in all/s)
  t.notMatch(written, /left out|extra/)
  written = ''
  screen.draw(['one'], ['extra'])
  t.match(written, /extra/)
})

t.test('Screen.close gives the terminal back once', async (t) => {
  const written: string[] = []
  const screen = new Screen({ write: (text) => written.push(text), columns: 80, rows: 24 })
  screen.close()
  t.same(written, [])
  screen.open()
  screen.close()
  screen.close()
  t.equal(written.length, 2)
})
