/**
 * `outrigger demo`: a sample service with its sidecar, traffic, and an outage, to watch. Also the processes of the demo
 * themselves (`--role`), because one entry file has to be enough.
 */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Parsed, parsed, unreadable } from '../../src/config/values/parsed.ts'
import { runDemo } from '../../src/demo/demo.ts'
import { dieWithParent } from '../../src/demo/lifeline.ts'
import { roleOf, runRole } from '../../src/demo/roles.ts'
import type { Terminal } from '../../src/demo/screen.ts'
import { type Command, command } from '../command-line/command.ts'
import { STDOUT } from '../command-line/standard.ts'
import { DEMO } from '../usage/others.ts'

/** The demo, or one of its processes. */
export const demo: Command = async (args, io) => {
  const role = roleOf(args)
  if (role === '') return attended(args, io)
  if (role === 'sidecar') return sidecar(args)
  await runRole(args)
  // The role is over when the parent is; see lifeline.ts.
  return new Promise<number>(() => {})
}

const attended = command(
  DEMO,
  (given) => ({
    rounds: given.readIfStated('rounds', parseRounds) ?? Number.POSITIVE_INFINITY,
    scale: given.read('scale', parseScale),
  }),
  async ({ rounds, scale }, { out }) => {
    const stop = { wanted: false }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => (stop.wanted = true))
    // Whoever read our output has left (`demo | head`): nobody looks any more.
    STDOUT.onFailure(() => (stop.wanted = true))
    const entry = process.argv[1] ?? ''
    try {
      return await runDemo({
        launch: { role: [entry, 'demo'], sidecar: [entry, 'demo', '--role', 'sidecar'] },
        terminal: terminal(),
        say: (text) => out(`${text}\n`),
        colours: STDOUT.stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
        rounds,
        scale,
        ownService: ownService(entry),
        stop,
      })
    } catch (error) {
      // Ctrl-C reaches the whole process group, and some of it before it has learned to leave that to us.
      if (stop.wanted) return 0
      return `the demo cannot go on: ${error instanceof Error ? error.message : String(error)}`
    }
  },
)

function parseRounds(text: string): Parsed<number> {
  return Number(text) >= 1 ? parsed(Number(text)) : unreadable('a number from 1 on', '')
}

function parseScale(text: string): Parsed<number> {
  const scale = Number(text)
  return scale >= 1 && scale <= 20 ? parsed(scale) : unreadable('a number from 1 to 20', '')
}

/** A sidecar that ends with the demo: `run`, on a lifeline. */
async function sidecar(args: readonly string[]): Promise<number> {
  dieWithParent()
  const { run } = await import('./run.ts')
  return run(args.filter((arg, index) => arg !== '--role' && args[index - 1] !== '--role'))
}

function terminal(): Terminal | undefined {
  const stdout = STDOUT.stream
  if (stdout.isTTY !== true || process.env['TERM'] === 'dumb') return undefined
  return {
    write: (text) => stdout.write(text),
    get columns() {
      return stdout.columns
    },
    get rows() {
      return stdout.rows
    },
  }
}

/** The way this very program was called, as a line for the reader's own service. */
export function ownService(entry: string): string {
  const path = relative('.', entry)
  // The sources want the Node that came with the packages, the bundle any.
  const program = /\.ts$/.test(entry) ? `npx node ${path}` : /\.[cm]?js$/.test(entry) ? `node ${path}` : 'npx outrigger'
  const shipped = relative('.', join(dirname(realpathSync(entry)), '..', 'policies', 'standard.yaml'))
  const config = existsSync(shipped) ? ` --config ${shipped}` : ''
  const listeners = '--inbound 127.0.0.1:9080 --outbound 127.0.0.1:9081 --admin 127.0.0.1:9082'
  return `${program} run${config} --app 127.0.0.1:8080 ${listeners}`
}
