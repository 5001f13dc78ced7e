/** `npm run fix`: what `npm run check` would only complain about and a program can mend. */
import { spawnSync } from 'node:child_process'

for (const [program, ...args] of [
  [process.execPath, 'scripts/generated.ts', '--write'],
  ['biome', 'check', '--write'],
]) {
  const { status } = spawnSync(program!, args, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
