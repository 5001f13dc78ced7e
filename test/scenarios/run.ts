/**
 * `npm run scenario -- avalanche|retrying-client|rest|grpc|outlier|degradation|double-click|simulated|hedge|alerts [--scale N]`: runs stories against real processes, prints
 * what was measured, and fails when a bound is missed. Exit 0: every bound met, 1: a bound missed, 2: wrong usage, 3: a
 * bound missed on a machine so busy with something else that it proves nothing.
 * `--only TEXT` runs the variants whose name contains it, `--poisson` draws the arrivals as of independent users,
 * `--sidecar FILE` takes another build (dist/outrigger.cjs). SCALE in the environment stands for `--scale`.
 */
import { fileURLToPath } from 'node:url'
import { flagValue, roleOf, runRole } from '../../src/demo/roles.ts'
import { table } from '../../src/demo/table.ts'
import { nowMs } from '../../src/demo/time.ts'
import { alerts } from './alerts.ts'
import { avalanche } from './avalanche.ts'
import { degradation } from './degradation.ts'
import { doubleClick } from './double-click.ts'
import { grpcShapes } from './grpc.ts'
import { hedge } from './hedge.ts'
import { outlier } from './outlier.ts'
import { rest } from './rest.ts'
import { retryingClient } from './retrying-client.ts'
import { simulated } from './simulated.ts'
import type { Scenario, Setting } from './setting.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  avalanche,
  'retrying-client': retryingClient,
  rest,
  grpc: grpcShapes,
  outlier,
  degradation,
  'double-click': doubleClick,
  simulated,
  hedge,
  alerts,
}

async function tell(name: string, scenario: Scenario, setting: Setting): Promise<number> {
  const start = nowMs()
  console.log(`\n# ${name}${setting.scale === 1 ? '' : `, ${setting.scale} times as fast`}`)
  const { bounds, disturbed } = await scenario(setting, console.log)
  const rows = bounds.map((bound) => [bound.what, bound.limit, bound.measured, bound.met ? 'met' : 'MISSED'])
  console.log(`\n${table(['bound', 'limit', 'measured', ''], rows)}`)
  const missed = bounds.filter((bound) => !bound.met)
  const seconds = ((nowMs() - start) / 1000).toFixed(0)
  console.log(`\n${bounds.length - missed.length} of ${bounds.length} bounds met in ${seconds} s`)
  if (missed.length === 0) return 0
  if (!disturbed || missed.some((bound) => bound.strict)) return 1
  console.log('Our own timers were late: the machine had other work to do.')
  return 3
}

async function main(args: readonly string[]): Promise<number> {
  const self = fileURLToPath(import.meta.url)
  const scale = Number(flagValue(args, 'scale', process.env['SCALE'] ?? '1'))
  const names = args.filter((arg) => Object.hasOwn(SCENARIOS, arg))
  if (names.length === 0 || !(scale >= 1 && scale <= 20)) {
    console.error(
      `Usage: npm run scenario -- ${Object.keys(SCENARIOS).join('|')} [--scale 1…20] [--only TEXT] [--poisson]`,
    )
    return 2
  }
  const entry = flagValue(args, 'sidecar', fileURLToPath(new URL('../../cmd/outrigger.ts', import.meta.url)))
  const setting: Setting = {
    scale,
    launch: { role: [self], sidecar: [entry, 'demo', '--role', 'sidecar'] },
    only: flagValue(args, 'only', ''),
    poisson: args.includes('--poisson'),
  }
  const codes: number[] = []
  for (const name of names) {
    const scenario = SCENARIOS[name]
    if (scenario !== undefined) codes.push(await tell(name, scenario, setting))
  }
  return codes.includes(1) ? 1 : Math.max(...codes)
}

const args = process.argv.slice(2)
if (roleOf(args) !== '') await runRole(args)
else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
  process.exit(await main(args))
}
