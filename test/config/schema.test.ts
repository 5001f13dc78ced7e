import { readdirSync } from 'node:fs'
import t from 'tap'
import { completeBlock } from '../../src/config/complete.ts'
import { editorSchema } from '../../src/config/schema/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import { schema as retry } from '../../src/policies/retry/schema.ts'
import { BLOCKS } from '../support/blocks.ts'

interface Json {
  readonly [key: string]: Json
}

t.test('editorSchema(): four kinds, blocks by reference, no convention of ours', async (t) => {
  const schema = editorSchema(BLOCKS) as unknown as Json
  const { definitions } = schema
  t.same(Object.keys(definitions ?? {}), ['Sidecar', 'Service', 'Policy', 'Profile', ...BLOCKS.map(({ name }) => name)])
  t.same(definitions?.Policy?.properties?.timeout, { $ref: '#/definitions/timeout' })
  t.equal(definitions?.Policy?.additionalProperties, false)
  const text = JSON.stringify(schema)
  for (const word of ['oneOf', '"format":"']) {
    t.notOk(text.includes(word), word)
  }
})

t.test('editorSchema(): a duration has a pattern, its bounds in words, its default', async (t) => {
  const { definitions } = editorSchema(BLOCKS) as unknown as Json
  const request = definitions?.timeout?.properties?.request as unknown as Record<string, string>
  t.match('250ms', new RegExp(request.pattern as string))
  t.notMatch('250', new RegExp(request.pattern as string))
  t.match(request.description, /\(from 1ms to 24h\)$/)
  t.equal(definitions?.timeout?.properties?.connect?.default, '1s')
})

t.test('editorSchema(): a block that is switched off need not be complete', async (t) => {
  const { definitions } = editorSchema(BLOCKS) as unknown as Json
  t.match(definitions?.breaker?.anyOf, [{ required: ['scope'] }, { properties: { mode: { const: 'disabled' } } }])
})

t.test('completeBlock() gives the defaults, and throws the first problem', async (t) => {
  t.match(completeBlock(retry), { max: 0, backoff: { base: 25 } })
  t.match(completeBlock(retry, { max: 3, backoff: { base: '1s' } }), { max: 3, backoff: { base: 1000, max: 250 } })
  t.throws(() => completeBlock(retry, { max: 12 }), /E025 max must be between 0 and 10/)
})

for (const file of readdirSync('policies')) {
  t.test(`policies/${file} loads`, async (t) => {
    t.same(
      loadConfig([`policies/${file}`], BLOCKS).issues.filter(({ severity }) => severity === 'error'),
      [],
    )
  })
}
