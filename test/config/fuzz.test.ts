import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { Issue } from '../../src/config/model.ts'
import { load } from '../support/marked.ts'
import { Seeded } from '../support/seeded.ts'

const FRAGMENTS = [
  '*',
  '&a ',
  '*a',
  '{',
  '}',
  '[',
  ']',
  ':',
  ' ',
  '\n',
  '---\n',
  '"',
  "'",
  '|',
  '>',
  '!',
  '!!str ',
  '%',
  '#',
  '- ',
  '<<: ',
  'null',
  '0x1',
  '.inf',
  '-',
  '\t',
  '\u0000',
  '\u2028',
  '😀',
  '\r\n',
  '1e999',
  '__proto__: 1',
  'constructor: {}',
  '? ',
  '...\n',
  '%YAML 1.1\n',
  'toString: 2',
  '99999999999999999999s',
]

const texts = readdirSync('policies').map((file) => readFileSync(`policies/${file}`, 'utf8'))

function mutate(text: string, random: Seeded): string {
  let mutant = text
  for (let i = random.between(1, 12); i > 0; i--) {
    const start = random.int(mutant.length + 1)
    const end = start + random.int(random.chance(0.3) ? 40 : 3)
    mutant = mutant.slice(0, start) + (random.chance(0.7) ? random.pick(FRAGMENTS) : '') + mutant.slice(end)
  }
  return mutant
}

function isWellFormed({ place, message }: Issue, lines: number): boolean {
  const inside = place.line >= 1 && place.line <= lines && place.column >= 1
  return inside && message !== '' && !/undefined|NaN|\[object/.test(message)
}

t.test('whatever the text holds, the loader gives a config or says why not', async (t) => {
  const random = new Seeded(20260101)
  for (let i = 0; i < 250; i++) {
    const text = mutate(random.pick(texts), random)
    const { config, issues } = load(text)
    const lines = text.split('\n').length
    const bad = issues.filter((issue) => !isWellFormed(issue, lines))
    if (bad.length > 0) t.fail(JSON.stringify({ bad, text }))
    if ((config === undefined) !== issues.some(({ severity }) => severity === 'error')) t.fail(JSON.stringify({ text }))
  }
  t.pass()
})

t.test('bytes are no text: nothing throws', async (t) => {
  const random = new Seeded(7)
  for (let i = 0; i < 300; i++) {
    const codes = Array.from({ length: random.int(200) }, () => random.int(256))
    load(String.fromCharCode(...codes))
  }
  t.pass()
})

const hostile: Record<string, string> = {
  brackets: '['.repeat(20_000),
  braces: '{a: '.repeat(20_000),
  dashes: '- '.repeat(20_000),
  indents: Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  'a long name': `kind: Service\nname: ${'a'.repeat(100_000)}!`,
  'a long host': `kind: Service\nname: x\nendpoints: ["${'a-'.repeat(50_000)}:80"]`,
  'many unknown keys': `kind: Policy\nname: x\n${Array.from({ length: 1000 }, (_, i) => `timeou${i}: 1`).join('\n')}`,
}

for (const [name, text] of Object.entries(hostile)) {
  t.test(`${name}: refused in reasonable time`, async (t) => {
    const { config, issues } = load(text)
    t.equal(config, undefined)
    t.ok(issues.every(({ message }) => message.length < 500))
  })
}
