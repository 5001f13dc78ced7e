/** From the arguments to one command; each is loaded only when it is called. */
import { STDERR } from './command-line/standard.ts'
import { helpText } from './commands/help.ts'

type Command = (args: readonly string[]) => Promise<number>

/** Each command by its word. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).run,
  validate: async () => (await import('./commands/validate.ts')).validate,
  explain: async () => (await import('./commands/explain.ts')).explain,
  simulate: async () => (await import('./commands/simulate.ts')).simulate,
  firewall: async () => (await import('./commands/firewall.ts')).firewall,
  injector: async () => (await import('./commands/injector.ts')).injector,
  wait: async () => (await import('./commands/wait.ts')).wait,
  drain: async () => (await import('./commands/drain.ts')).drain,
  healthz: async () => (await import('./commands/healthz.ts')).healthz,
  inject: async () => (await import('./commands/inject.ts')).inject,
  uninject: async () => (await import('./commands/inject.ts')).uninject,
  top: async () => (await import('./commands/top.ts')).top,
  check: async () => (await import('./commands/check.ts')).check,
  diag: async () => (await import('./commands/diag.ts')).diag,
  tap: async () => (await import('./commands/tap.ts')).tap,
  demo: async () => (await import('./commands/demo.ts')).demo,
  version: async () => (await import('./commands/version.ts')).version,
  help: async () => (await import('./commands/help.ts')).help,
}

/** Returns the exit code. `outrigger --app …` means `run`, as an image is called. */
export async function main(args: readonly string[]): Promise<number> {
  const [first] = args
  if (first === undefined) {
    STDERR.write(helpText())
    return 2
  }
  if (first === '-h' || first === '--help') return (await load('help'))([])
  if (first === '-v' || first === '--version') return (await load('version'))([])
  if (first.startsWith('-')) return (await load('run'))(args)
  if (!Object.hasOwn(COMMANDS, first)) {
    STDERR.write(`outrigger: there is no command '${first}'. There are ${Object.keys(COMMANDS).join(', ')}.\n`)
    return 2
  }
  return (await load(first))(args.slice(1))
}

function load(name: string): Promise<Command> {
  return (COMMANDS[name] as () => Promise<Command>)()
}
