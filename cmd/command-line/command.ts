/** The frame of every command: help, wrong usage, what it did. */
import { type Environment, Given } from './given.ts'
import { helpOf, usageLine } from './help.ts'
import { STDERR, STDOUT } from './standard.ts'
import type { Usage } from './usage.ts'

/** Whom a command talks to; a test hands in another. */
export interface Io {
  out(text: string): void
  err(text: string): void
  readonly environment: Environment
}

export const PROCESS_IO: Io = {
  out: (text) => STDOUT.write(text),
  err: (text) => STDERR.write(text),
  environment: process.env,
}

/** Resolves with the exit code. */
export type Command<I extends Io = Io> = (args: readonly string[], io?: I) => Promise<number>

/**
 * A command: `read` makes its options of what was given, or throws an Error with a sentence, which is wrong usage (2); `act` answers
 * with an exit code, or with a sentence that says what went wrong (1).
 */
export function command<F extends string, Options, I extends Io = Io>(
  usage: Usage<F>,
  read: (given: Given<F>, io: I) => Options,
  act: (options: Options, io: I) => number | string | Promise<number | string>,
  usual: I = PROCESS_IO as I,
): Command<I> {
  return async (args, io = usual) => {
    if (asksForHelp(args)) {
      io.out(helpOf(usage))
      return 0
    }
    let options: Options
    try {
      options = read(new Given(usage, args, io.environment), io)
    } catch (error) {
      io.err(`outrigger ${usage.name}: ${(error as Error).message}\n${usageLine(usage)}\n`)
      return 2
    }
    const result = await act(options, io)
    if (typeof result === 'number') return result
    io.err(`outrigger ${usage.name}: ${result}\n`)
    return 1
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h')
}
