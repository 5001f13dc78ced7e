import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

const PROGRAM = join(import.meta.dirname, '../../cmd/outrigger.ts')

/** As a shell calls it: `$NODE PROGRAM` stands for the program in `line`. Resolves with what the shell wrote, and its end. */
function shell(line: string): Promise<{ code: number | null; out: string; err: string }> {
  const env = { PATH: process.env.PATH ?? '', NODE: process.execPath, PROGRAM }
  const child = spawn('sh', ['-c', line], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

const NAMES = Array.from({ length: 800 }, (_, i) => `name-${i}`)
const MANIFESTS = NAMES.map((name) => {
  const pod = 'template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}'
  return `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\nspec: {selector: {matchLabels: {a: b}}, ${pod}}\n`
}).join('')

t.test('A pipe gets all that is said, however long it is, before the program ends', async (t) => {
  const file = join(t.testdir({ 'all.yaml': MANIFESTS }), 'all.yaml')
  const { code, out, err } = await shell(`"$NODE" "$PROGRAM" inject -f ${file} 2>/dev/null | cat`)
  t.match({ code, err }, { code: 0, err: '' })
  t.ok(out.length > 2 * 65_536, `${out.length} bytes`)
  t.same(
    [...out.matchAll(/\{ ?name: (name-\d+)/g)].map(([, name]) => name),
    NAMES,
  )
  const many = join(
    t.testdir({ 'p.yaml': NAMES.map((name) => `kind: Servise\nname: ${name}\n`).join('---\n') }),
    'p.yaml',
  )
  const mistakes = await shell(`{ "$NODE" "$PROGRAM" run --config ${many} 2>&1; echo "exit $?"; } | cat`)
  t.equal(mistakes.out.match(/error E010/g)?.length, NAMES.length, 'so does standard error')
  t.match(mistakes.out, /\nexit 1\n$/)
})

t.test('What cannot be written is no success, but where the reader has left', async (t) => {
  const full = await shell('"$NODE" "$PROGRAM" help > /dev/full')
  t.match(full, { code: 1, err: /^outrigger: standard output cannot be written: ENOSPC.*\n$/ })
  const failed = await shell('"$NODE" "$PROGRAM" validate /nowhere > /dev/full 2> /dev/full')
  t.equal(failed.code, 1)
  const left = await shell('{ "$NODE" "$PROGRAM" help; echo "exit $?" >&2; } | true')
  t.match(left, { code: 0, err: 'exit 0\n' })
})
