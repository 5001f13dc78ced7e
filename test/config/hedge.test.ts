import t from 'tap'
import { findConflicts } from '../../src/routing/conflicts.ts'
import { compare, load } from '../support/marked.ts'

const POLICY = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\n'

function codes(text: string): string[] {
  return load(text).issues.map(({ code }) => code)
}

t.test('hedge is complete when nothing of it is stated', async (t) => {
  const { config, issues } = load(`${POLICY}hedge: {}`)
  t.strictSame(issues, [])
  t.strictSame(config?.policies[0]?.blocks[0]?.config, {
    after: 0.95,
    maxExtra: 1,
    budget: 0.05,
    methods: ['GET', 'HEAD', 'OPTIONS'],
  })
})

t.test('hedge.after is a duration or a percentile', async (t) => {
  const after = (text: string) => load(`${POLICY}hedge: {after: ${text}}`).config?.policies[0]?.blocks[0]?.config.after
  t.equal(after('200ms'), 200)
  t.equal(after('p50'), 0.5)
  t.equal(after('p99.9'), 0.999)
})

const WRONG: readonly (readonly [code: string, marked: string, says: RegExp])[] = [
  ['E024', `${POLICY}hedge: {after: →p97}`, /p95/],
  ['E023', `${POLICY}hedge: {after: →200}`, /200ms/],
  ['E025', `${POLICY}hedge: {after: →25h}`, /between 1ms and 24h/],
  ['E025', `${POLICY}hedge: {maxExtra: →0}`, /between 1 and 5/],
  ['E025', `${POLICY}hedge: {budget: →101%}`, /between 0% and 100%/],
  ['E023', `${POLICY}hedge: {budget: →5}`, /5%/],
  ['E024', `${POLICY}hedge: {methods: [→get]}`, /write 'GET'/],
  ['E025', `${POLICY}hedge: {methods: →[]}`, /at least 1/],
  ['E043', 'kind: Policy\nname: p\nmatch: {direction: inbound}\n→hedge: {}', /outbound policies only/],
]

for (const [code, marked, says] of WRONG) {
  t.test(`refuses ${marked.split('→')[1]}`, async (t) => {
    const { issues, got, want } = compare(marked, code)
    t.same(got, want, issues.map(({ message }) => message).join('\n'))
    t.match(issues[0]?.message, says)
  })
}

t.test('hedge excludes retry, also through a Profile; what only watches excludes nobody', async (t) => {
  t.same(codes(`${POLICY}hedge: {}\nretry: {}`), ['E044'])
  t.same(codes(`${POLICY}use: r\nhedge: {}\n---\nkind: Profile\nname: r\nretry: {}`), ['E044'])
  t.same(codes(`${POLICY}hedge: {mode: shadow}\nretry: {}`), [])
  t.same(codes(`${POLICY}hedge: {}\nretry: {mode: disabled}`), [])
  t.same(codes(`${POLICY}use: r\nhedge: {mode: shadow}\n---\nkind: Profile\nname: r\nretry: {}`), [])
})

t.test('hedge and retry of two policies that rank the same are a tie', async (t) => {
  const other = POLICY.replace('name: p', 'name: q')
  const { issues } = load(`${POLICY}hedge: {}\n---\n${other}retry: {}`, { conflicts: findConflicts })
  t.same(
    issues.map(({ code }) => code),
    ['E050'],
  )
})
