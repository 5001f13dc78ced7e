import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readTls } from '../../src/runtime/tls/read.ts'
import { load } from '../support/marked.ts'

const INBOUND = 'kind: Policy\nname: p\nmatch: {direction: inbound}\n'

function problems(redis: string): string[] {
  const text = `${INBOUND}idempotency: {store: {redis: {url: "redis://r", ${redis}}}}`
  const { issues } = load(text, { tls: (files) => readTls(files, 0).problems })
  return issues.map(({ code, place, message }) => `${place.line} ${code} ${message}`)
}

t.test('the files of a Redis store are looked at where certificates are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const password = join(folder, 'password')
  t.match(problems(`passwordFile: ${password}`), [
    new RegExp(`^4 E063 idempotency\\.store\\.redis\\.passwordFile '${password}' must be a readable file: `),
  ])
  writeFileSync(password, 's3cret')
  t.same(problems(`passwordFile: ${password}`), [])
  t.match(problems(`tls: {ca: ${folder}/none.pem}`), [
    /^4 E060 idempotency\.store\.redis\.tls\.ca '.*none\.pem' must be/,
  ])
  t.match(problems(`tls: {ca: ${password}}`), [/^4 E061 idempotency\.store\.redis\.tls\.ca/])
})
