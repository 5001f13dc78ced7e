/** `outrigger version`. */
import { OWN_VERSION } from '../../src/config/version.ts'

export async function version(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    process.stderr.write('usage: outrigger version\n')
    return 2
  }
  process.stdout.write(`outrigger ${OWN_VERSION} (node ${process.version})\n`)
  return 0
}
