/** A command called as the program calls it, in this process. */
import type { Command } from '../../cmd/command-line/command.ts'
import { type Environment, Given } from '../../cmd/command-line/given.ts'
import type { Usage } from '../../cmd/command-line/usage.ts'

export interface Called {
  readonly code: number
  readonly out: string
  readonly err: string
}

export async function called(
  command: Command,
  args: readonly string[],
  environment: Environment = {},
): Promise<Called> {
  let out = ''
  let err = ''
  const code = await command(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    environment,
  })
  return { code, out, err }
}

/** The options that a command reads from its flags and its environment; throws what it would refuse them with. */
export function optionsOf<F extends string, T>(
  usage: Usage<F>,
  read: (given: Given<F>) => T,
): (args: readonly string[], environment: Environment) => T {
  return (args, environment) => read(new Given(usage, args, environment))
}
