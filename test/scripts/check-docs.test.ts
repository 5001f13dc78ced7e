import { existsSync } from 'node:fs'
import t from 'tap'
import type { Schema } from '../../src/core/policy.ts'
import { BLOCKS } from '../../src/policies/index.ts'
import { metricProblems, pageOf, pageProblems } from '../../scripts/policy-pages.ts'
import {
  linkProblems,
  machineProblems,
  pathProblems,
  policyProblems,
  readmeProblems,
} from '../../scripts/check-docs.ts'

t.test('linkProblems() refuses a link that leads nowhere, relative to its file', async (t) => {
  const text = '[a](b.md) [c](../README.md#top)\n[web](https://example.com) [here](#part) [lost](c.md)'
  const known = (path: string) => path === 'docs/b.md' || path === 'README.md'
  t.same(linkProblems([{ path: 'docs/a.md', text }], known), ['docs/a.md:2: leads to c.md, which does not exist'])
})

t.test('policyProblems() refuses a policy without its four files', async (t) => {
  const whole = ['policy.ts', 'decide.ts', 'layer.ts', 'README.md'].map((name) => `src/policies/retry/${name}`)
  t.same(policyProblems(['src/policies/index.ts', ...whole]), [])
  t.same(policyProblems(whole.slice(1)), ['src/policies/retry:1: has no policy.ts'])
})

t.test('readmeProblems() refuses a policy whose table lacks a file', async (t) => {
  const paths = ['README.md', 'policy.ts', 'layer.ts'].map((name) => `src/policies/retry/${name}`)
  const problem = 'src/policies/retry/README.md:1: does not name `layer.ts`'
  t.same(
    readmeProblems(paths, () => '| `policy.ts` | the block |'),
    [problem],
  )
  t.same(
    readmeProblems(paths, () => '| `policy.ts`, `layer.ts` | all of it |'),
    [],
  )
})

t.test('pathProblems() refuses a file of the tree that is named and not there', async (t) => {
  const text = 'see `src/a.ts` and `test/gone.ts`\n`src/folder`, `scripts/*.ts`, `npm test`'
  const known = (path: string) => path === 'src/a.ts' || path === 'src/folder'
  t.same(pathProblems([{ path: 'docs/a.md', text }], known), ['docs/a.md:1: names test/gone.ts, which does not exist'])
})

t.test('machineProblems() refuses a folder of one machine', async (t) => {
  const text = 'cat /home/me/notes\nGET /work\nsrc/work/file\nhttps://example.com/work/1'
  t.same(machineProblems([{ path: 'docs/a.md', text }]), ['docs/a.md:1: names a folder of one machine'])
})

t.test(
  'pageProblems() refuses a policy without a page, a field without a row, and a shadow that is not told of',
  async (t) => {
    const schema: Schema = {
      properties: {
        max: { type: 'integer' },
        wait: { properties: { base: {} } },
        allow: { type: 'array', items: { properties: { paths: { type: 'array', items: { type: 'string' } } } } },
        store: { oneOf: [{ enum: ['memory'] }, { properties: { redis: { properties: { url: {} } } } }] },
      },
    }
    const policy = { name: 'rateLimit', schema, shadow: true }
    const whole = '| `max` |\n| `wait.base` |\n| `allow[].paths` |\n| `store.redis` | | `{url}` |\n## Shadow'
    const page = (text: string) => (path: string) => (path === 'docs/policies/rate-limit.md' ? text : undefined)
    t.same(pageProblems([policy], page(whole)), [])
    t.same(
      pageProblems([policy], () => undefined),
      ['docs/policies/rate-limit.md:1: is missing, and there is a policy rateLimit'],
    )
    const row = (field: string) => `docs/policies/rate-limit.md:1: has no row for the field ${field}`
    t.same(pageProblems([policy], page('`max`\n| other | `wait.base` |\n| `store.redis` |')), [
      ...['max', 'wait.base', 'allow.paths', 'store.redis.url'].map(row),
      'docs/policies/rate-limit.md:1: does not mention shadow mode, which the block has',
    ])
    t.same(
      BLOCKS.map(({ name }) => pageOf(name)).filter((path) => !existsSync(path)),
      [],
    )
  },
)

t.test('metricProblems() refuses the name of a metric that no source file has', async (t) => {
  const sources = [
    { path: 'src/a.ts', text: "gauge('outrigger_circuit_state', …) histogram('outrigger_wait_seconds')" },
  ]
  const text =
    'outrigger_circuit_state{a="b"} outrigger_wait_seconds_bucket\n`outrigger_shadow_…` outrigger_* outrigger_circuit_stat'
  t.same(metricProblems([{ path: 'docs/a.md', text }], sources), [
    'docs/a.md:2: names the metric outrigger_circuit_stat, which does not exist',
  ])
})
