import t from 'tap'
import { compare, found, load } from '../support/marked.ts'

const SERVICES = ['a', 'b', 'inventory'].map((name) => `kind: Service\nname: ${name}\nendpoints: ["10.0.0.7:8080"]\n`)

function to(name: string, mark = ''): string {
  return `[{when: [any], use: service, service: ${mark}${name}}]`
}

function policy(name: string, service: string, fallback: string, more = ''): string {
  return `kind: Policy\nname: ${name}\nmatch: {direction: outbound, service: ${service}${more}}\nfallback: ${fallback}\n`
}

function files(...policies: readonly string[]): string {
  return [...SERVICES, ...policies].join('---\n')
}

t.test('a cached entry takes its defaults', async (t) => {
  const { config, issues } = load(
    files(policy('p', 'a', '[{when: [any], use: cached}]', ', routes: [{methods: [GET]}]')),
  )
  t.same(issues, [])
  t.match(config?.policies[0]?.blocks[0]?.config, [{ maxStale: 600_000, key: [], shared: false, headers: {} }])
  t.equal(config?.sidecar.limits.maxCacheBytes, 32 * 1024 * 1024)
})

const wrong: readonly (readonly [code: string, marked: string, says: RegExp])[] = [
  ['E040', files(policy('p', 'a', to('inventry', '→'))), /no Service 'inventry'; did you mean 'inventory'/],
  ['E040', files(`kind: Profile\nname: p\nfallback: ${to('nowhere', '→')}\n`), /there are: a, b, inventory/],
  ['E024', files(policy('p', 'a', '[{when: [any], use: cached, key: [→"x-user-id"]}]')), /header:x-user-id/],
  ['E025', files(policy('p', 'a', '[{when: [any], use: cached, maxStale: →25h}]')), /24h/],
  ['E021', files(policy('p', 'a', '[→{when: [any], use: service}]')), /service/],
  ['E020', files(policy('p', 'a', '[{when: [any], use: cached, →status: 200}]')), /status/],
  ['E051', files(policy('p', 'a', `[{when: [any], use: service, →service: a}]`)), /found a -> a/],
]

for (const [code, marked, says] of wrong) {
  t.test(`${code}: ${marked.split('\n').slice(-2)[0]}`, async (t) => {
    const { issues, got, want } = compare(marked, code)
    t.same(
      got.filter((line) => !line.endsWith('W006')),
      want,
    )
    t.match(issues.find((issue) => issue.code === code)?.message, says)
  })
}

t.test('E051 names the way round, once', async (t) => {
  const { issues } = load(
    files(policy('p', 'a', to('b')), policy('q', 'b', to('inventory')), policy('r', 'inventory', to('a'))),
  )
  t.same(
    issues.map(({ code }) => code),
    ['E051'],
  )
  t.match(issues[0]?.message, 'found a -> b -> inventory -> a')
})

t.test('a policy for every service asks one of them: that one needs a word of its own', async (t) => {
  const all = policy('p', '"*"', to('b'))
  t.same(found(load(files(all)).issues), ['16:40 E051'])
  t.match(load(files(all)).issues[0]?.message, /b -> b: .*fallback: \{mode: disabled\} in a policy for service b/)
  t.same(load(files(all, policy('q', 'b', '{mode: disabled}'))).issues, [])
  t.same(load(files(all, policy('q', 'b', '[{when: [any], use: static, status: 503}]'))).issues, [])
  const partly = policy('q', 'b', '{mode: disabled}', ', routes: [{path: /x}]')
  t.same(
    load(files(all, partly)).issues.map(({ code }) => code),
    ['E051'],
  )
})

t.test('a chain is no circle, and what only watches leads nowhere', async (t) => {
  t.same(load(files(policy('p', 'a', to('b')), policy('q', 'b', to('inventory')))).issues, [])
  const watching = policy('q', 'b', to('a')).replace('fallback', 'mode: shadow\nfallback')
  t.same(load(files(policy('p', 'a', to('b')), watching)).issues, [])
})
