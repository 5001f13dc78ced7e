/** `outrigger version`. */
import { OWN_VERSION } from '../../src/config/version.ts'
import { command } from '../command-line/command.ts'
import { VERSION } from '../usage/others.ts'

export const version = command(
  VERSION,
  () => {},
  (_, { out }) => {
    out(`outrigger ${OWN_VERSION} (node ${process.version})\n`)
    return 0
  },
)
