import t from 'tap'
import { readField } from '../../src/http1/fields.ts'
import { Head } from '../../src/http1/head.ts'
import { type KnownLine, knownLine } from '../../src/http1/known-lines.ts'
import { Seeded } from '../support/seeded.ts'

const LIMITS = { maxHeaderBytes: 65_536, maxHeaders: 20 }

/** What a head says, or why it was refused. */
function told(head: Head, lines: readonly string[]): unknown {
  const error = head.parseRequest(`GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, LIMITS)
  if (error !== '') return { error, problem: head.problem }
  const { headers, authority, bodyLength, keepAlive, upgrade, expectContinue, own } = head
  return { headers, authority, bodyLength, keepAlive, upgrade, expectContinue, own }
}

/** Field lines beside what each of them is: a name and a value that are passed on; none where it is not. */
const LINES: readonly (readonly [line: string, name?: string, value?: string])[] = [
  ['Accept: */*', 'Accept', '*/*'],
  ['accept: */*', 'accept', '*/*'],
  ['Accept:*/*', 'Accept', '*/*'],
  ['Accept: \t */* \t', 'Accept', '*/*'],
  ['Accept: */*, a', 'Accept', '*/*, a'],
  ['A: A', 'A', 'A'],
  ['a::', 'a', ':'],
  ['Empty:', 'Empty', ''],
  ['Empty:  ', 'Empty', ''],
  ['X-Latin: caf\xe9', 'X-Latin', 'caf\xe9'],
  ['Cookie: session=1', 'Cookie', 'session=1'],
  ['Authorization: Bearer a', 'Authorization', 'Bearer a'],
  [`X-Long: ${'v'.repeat(300)}`, 'X-Long', 'v'.repeat(300)],
  ['Connection: keep-alive'],
  ['Keep-Alive: timeout=5'],
  ['Proxy-Connection: close'],
  ['X-Outrigger-Timeout-Ms: 5', 'X-Outrigger-Timeout-Ms', '5'],
]

t.test('Heads mean the same however often their lines came before, in whatever order', (t) => {
  const random = new Seeded(7)
  const heads = [new Head(), new Head(), new Head()]
  for (let round = 0; round < 4000; round++) {
    const picked = Array.from(
      { length: 1 + (random.word() % 6) },
      () => LINES[random.word() % LINES.length] as (typeof LINES)[0],
    )
    const fields = picked.flatMap(([, name, value]) => (name === undefined ? [] : [name, value as string]))
    const head = heads[random.word() % heads.length] as Head
    const lines = ['Host: app', ...picked.map(([line]) => line)]
    // Something nobody has said before, at any place.
    if (round % 3 === 0) lines.splice(random.word() % lines.length, 0, `Proxy-Connection: ${round}`)
    const got = told(head, lines) as { headers: readonly string[]; own: boolean; authority: string }
    t.same(got.headers, fields, lines.join(' | '))
    t.equal(got.own, fields.includes('X-Outrigger-Timeout-Ms'))
    t.equal(got.authority, 'app')
  }
  t.end()
})

t.test('A line that is all but a known one is refused as ever', (t) => {
  const head = new Head()
  const good = ['Host: app', 'Content-Length: 5', 'X-One: 1']
  for (let i = 0; i < 5; i++)
    t.match(told(head, good), { bodyLength: 5, headers: ['Content-Length', '5', 'X-One', '1'] })
  const wrong: [readonly string[], string][] = [
    [['Host: app', 'Content-Length: 5', 'Content-Length: 5'], 'more than one Content-Length'],
    [['Host: app', 'Content-Length: 5', 'Transfer-Encoding: chunked'], 'both Content-Length and Transfer-Encoding'],
    [['Host: app', 'Host: app'], 'more than one Host'],
    [['Host: app', 'Content-Length: 5', ' X-One: 1'], 'a field line that begins with no name'],
    [['Host: app', 'Content-Length : 5'], 'a field name with a character that is no token character'],
    [['Host: app', 'Content-Length: 5\rX-One: 1'], 'a field value with a control character'],
    [['Host: app', ...Array.from({ length: 20 }, () => 'X-One: 1')], 'more than 20 fields'],
  ]
  for (let i = 0; i < 3; i++) {
    for (const [lines, problem] of wrong) t.match(told(head, lines), { problem }, lines.join(' | '))
    t.match(told(head, good), { bodyLength: 5 }, 'and what is right still passes')
  }
  t.end()
})

/** What is known of a line that comes for the second time. */
function known(line: string): KnownLine | undefined {
  const text = `${line}\r\n`
  for (let i = 0; i < 2; i++) {
    readField(text, 0)
    const found = knownLine(text, 0)
    if (found !== undefined) return found
  }
  return undefined
}

t.test('A line that gave its place to another holds none behind it: who invents lines makes no chain of them', (t) => {
  const head = new Head()
  // All of one place: they are alike where it is looked.
  const line = (i: number) => `X-Line: ${String(i).padStart(6, '0')}${'x'.repeat(40)}`
  const first = known(line(0)) as KnownLine
  for (let i = 1; i < 100; i++) told(head, [line(i - 1), line(i), 'Host: app'])
  const held = new Set<KnownLine>()
  for (let one: KnownLine | undefined = first; one !== undefined && !held.has(one); one = one.next) held.add(one)
  t.equal(held.size, 1, 'itself')
  t.end()
})

t.test('What proves who somebody is stays no longer than its request', (t) => {
  for (const name of ['Authorization', 'Cookie', 'Set-Cookie', 'Proxy-Authorization']) {
    t.equal(known(`${name}: secret`), undefined, name)
  }
  t.equal(known('X-Known: 1')?.value, '1')
  t.end()
})
