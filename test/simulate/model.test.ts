import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { formatIssue } from '../../src/config/issues.ts'
import { arrivalsOf } from '../../src/simulate/model/arrivals.ts'
import type { Config } from '../../src/config/model.ts'
import { knownServices } from '../../src/simulate/model/known.ts'
import { readModel } from '../../src/simulate/model/load.ts'
import { readTemplate } from '../../src/simulate/model/template.ts'

const KNOWN = new Map([['inventory', ['10.0.0.7:8080', '[fd00::8]:8080']]])

function problems(text: string): string[] {
  const { model, issues } = readModel('m.yaml', text, KNOWN)
  t.equal(
    model === undefined,
    issues.some(({ severity }) => severity === 'error'),
  )
  return issues.map(formatIssue)
}

const HEAD = 'kind: Model\nname: m\nduration: 10s\n'
const REQUESTS = 'requests: [{name: s, url: /a, rate: 1/s}]\n'

t.test('Every model that is shipped loads', async (t) => {
  for (const file of readdirSync('docs/models')) {
    const { issues } = readModel(file, readFileSync(`docs/models/${file}`, 'utf8'), KNOWN)
    t.same(issues.map(formatIssue), [], file)
  }
})

t.test('What is wrong is named with its place', async (t) => {
  const cases: readonly (readonly [text: string, expected: RegExp])[] = [
    ['', /^m\.yaml:1:1: error E022 .*found none$/],
    [`${HEAD}${REQUESTS}---\nkind: Model\n`, /^m\.yaml:6:1: error E022 .*found a second$/],
    ['kind: [', /^m\.yaml:\d+:\d+: error E002 /],
    [
      'kind: Policy\nname: m\nduration: 10s\nrequests: [{name: s, url: /a, rate: 1/s}]\n',
      /^m\.yaml:1:7: error E026 kind must be Model/,
    ],
    [`${HEAD}`, /^m\.yaml:1:1: error E021 'requests' is missing/],
    [`${HEAD}${REQUESTS}servces: []\n`, /^m\.yaml:5:1: error E020 .*services/],
    [`${HEAD}requests: []\n`, /^m\.yaml:4:11: error E02\d /],
    [
      `${HEAD}requests: [{name: s, url: /a, rate: 10}]\n`,
      /^m\.yaml:4:37: error E023 requests\[0\]\.rate must be a rate.*10\/s/,
    ],
    [`${HEAD}requests: [{name: s, url: inventory, rate: 1/s}]\n`, /^m\.yaml:4:27: error E024 url must be a path/],
    [`${HEAD}requests: [{name: s, url: "/{id}", rate: 1/s}]\n`, /^m\.yaml:4:27: error E024 braces hold/],
    [`${HEAD}requests: [{name: s, url: "/{9..1}", rate: 1/s}]\n`, /^m\.yaml:4:27: error E024 the range/],
    [
      `${HEAD}requests: [{name: s, url: /a, rate: 1/s, from: 5s, until: 4s}]\n`,
      /^m\.yaml:4:59: error E025 until must be later than from, 5s, found 4s/,
    ],
    [
      `${HEAD}${REQUESTS}phases: [{name: a, until: 5s}, {name: b, until: 5s}]\n`,
      /^m\.yaml:5:49: error E025 phases\[1\]\.until/,
    ],
    [`${HEAD}${REQUESTS}services: [{name: stock}]\n`, /^m\.yaml:5:19: error E040 .*'stock'/],
    [`${HEAD}${REQUESTS}services: [{name: inventory}, {name: inventory}]\n`, /^m\.yaml:5:38: error E013 /],
    [
      `${HEAD}${REQUESTS}services: [{name: inventory, latency: {p50: 9ms, p99: 5ms}}]\n`,
      /^m\.yaml:5:55: error E025 p99/,
    ],
    [
      `${HEAD}${REQUESTS}services: [{name: inventory, latency: fast}]\n`,
      /^m\.yaml:5:39: error E02\d services\[0\]\.latency must be/,
    ],
    [
      `${HEAD}${REQUESTS}services: [{name: inventory, failures: [{from: 1s, until: 2s}]}]\n`,
      /^m\.yaml:5:41: error E021 a failure must say/,
    ],
    [
      `${HEAD}${REQUESTS}services: [{name: inventory, failures: [{from: 1s, until: 2s, fail: reset, status: 503}]}]\n`,
      /^m\.yaml:5:69: error E028 /,
    ],
    [
      `${HEAD}${REQUESTS}services: [{name: inventory, failures: [{from: 1s, until: 2s, fail: reset, endpoint: 10.0.0.8:8080}]}]\n`,
      /^m\.yaml:5:\d+: error E040 endpoint must be one of inventory: 10\.0\.0\.7:8080, \[fd00::8\]:8080, found 10\.0\.0\.8:8080$/,
    ],
    [
      `${HEAD}${REQUESTS}application: {calls: [{url: /x}]}\n`,
      /^m\.yaml:5:29: error E024 url of a call must name a service/,
    ],
    [`${HEAD}${REQUESTS}start: yesterday\n`, /^m\.yaml:5:8: error E024 start/],
  ]
  for (const [text, expected] of cases) {
    const found = problems(text)
    t.equal(found.length, 1, found.join('\n'))
    t.match(found[0], expected)
  }
})

t.test('A failure may be of any endpoint that the policies name, and of any where they name none', async (t) => {
  const failures = 'failures: [{from: 1s, until: 2s, fail: reset, endpoint: "[fd00::8]:8080"}]'
  t.same(problems(`${HEAD}${REQUESTS}services: [{name: inventory, ${failures}}]\n`), [])
  const anywhere = readModel('m.yaml', `${HEAD}${REQUESTS}services: [{name: s, ${failures}}]\n`, new Map([['s', []]]))
  t.same(anywhere.issues, [])
  const endpoints = [{ host: '10.0.0.7', port: 80, weight: 1 }]
  const services = [{ name: 'inventory', endpoints }] as unknown as Config['services']
  t.same(
    [...knownServices([{ services }, { services }])],
    [['inventory', ['10.0.0.7:80']]],
    'each once, with --compare',
  )
})

t.test('All that is wrong is in one report, in order', async (t) => {
  const found = problems(
    `${HEAD}requests:\n- {name: s, url: x, rate: 1/s}\n- {name: s, url: /a, rate: 0/s}\nstart: never\n`,
  )
  t.same(
    found.map((line) => line.split(' ')[0]),
    ['m.yaml:5:18:', 'm.yaml:6:28:', 'm.yaml:7:8:'],
  )
})

t.test('Templates count', async (t) => {
  const texts = (template: string): string[] => {
    const read = readTemplate(template)
    return typeof read === 'string' ? [read] : [0, 1, 2, 3].map(read)
  }
  t.same(texts('/a'), ['/a', '/a', '/a', '/a'])
  t.same(texts('/o/{n}?x=1'), ['/o/1?x=1', '/o/2?x=1', '/o/3?x=1', '/o/4?x=1'])
  t.same(texts('{5..7}'), ['5', '6', '7', '5'])
  t.same(texts('{1..2}-{1..3}'), ['1-1', '2-2', '1-3', '2-1'])
})

t.test('Even streams are set apart and exact, Poisson streams are as of independent users', async (t) => {
  const stream = (poisson: boolean, until = 10_000) => ({
    ...{ name: 's', perSecond: 100, poisson, from: 1000, until },
    ask: () => ({}) as never,
  })
  const even = [...arrivalsOf([stream(false), stream(false, 1100)], 1)]
  t.same(
    even.slice(0, 4).map(({ at, stream }) => [at, stream]),
    [
      [1000, 0],
      [1005, 1],
      [1010, 0],
      [1015, 1],
    ],
  )
  t.equal(even.length, 910)
  const poisson = [...arrivalsOf([stream(true)], 1)].map(({ at }) => at)
  t.ok(poisson.length > 800 && poisson.length < 1000, `${poisson.length} of about 900`)
  t.same(
    poisson,
    poisson.toSorted((a, b) => a - b),
  )
  t.same(
    [...arrivalsOf([stream(true)], 1)].map(({ at }) => at),
    poisson,
  )
  t.notSame(
    [...arrivalsOf([stream(true)], 2)].map(({ at }) => at),
    poisson,
  )
})
