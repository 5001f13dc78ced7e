/** `npm run check`: everything that can be checked without running the program. Every step runs, so that one run shows all. */
import { spawnSync } from 'node:child_process'

const node = [process.execPath, '--disable-warning=ExperimentalWarning']

/** Each step and its command. Lint and format are one pass of Biome. */
const STEPS: readonly (readonly [name: string, ...command: string[]])[] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings'],
  ['types', 'tsc', '--project', '.'],
  ['types of the page', 'tsc', '--project', 'src/admin/page/client'],
  ['import directions', ...node, 'scripts/check-imports.ts'],
  ['exports', ...node, 'scripts/check-exports.ts'],
  ['hot path and clocks', ...node, 'scripts/check-hot-path.ts'],
  ['generated files', ...node, 'scripts/generated.ts'],
  ['docs', ...node, 'scripts/check-docs.ts'],
]

const failed: string[] = []
for (const [name, program, ...args] of STEPS) {
  console.log(`— ${name}`)
  const { status, error } = spawnSync(program!, args, { stdio: 'inherit' })
  if (error !== undefined) console.error(error.message)
  if (status !== 0) failed.push(name)
}
console.log(failed.length === 0 ? 'check: ok' : `check: failed at ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
