/** `outrigger help`: what there is. The flags of a command stand in its own help. */
import { command } from '../command-line/command.ts'
import { table } from '../command-line/help.ts'
import { USAGES } from '../usage/index.ts'
import { HELP } from '../usage/others.ts'

export function helpText(): string {
  return `outrigger: a sidecar proxy with timeout, retry, bulkhead and breaker policies

${table(USAGES.map(({ name, brief }) => [name, brief]))}

outrigger COMMAND --help tells the flags of a command, their defaults, and what its exit codes mean.
`
}

export const help = command(
  HELP,
  () => {},
  (_, { out }) => {
    out(helpText())
    return 0
  },
)
