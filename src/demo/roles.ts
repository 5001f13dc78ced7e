/**
 * The processes of a story, all started by running the same entry file again with `--role`: there is one bundled file in
 * an image, and it has to be enough. `runRole` returns once the role listens; its sockets keep the process alive.
 */
import { startInventory } from './inventory.ts'
import { dieWithParent } from './lifeline.ts'
import { startOrder } from './order.ts'
import { clientSettings } from './stock-client.ts'

/** `--name value` pairs. */
export function flagValue(args: readonly string[], name: string, otherwise: string): string {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? otherwise : (args[at + 1] ?? otherwise)
}

/** Which role the arguments ask for; '' for none. */
export function roleOf(args: readonly string[]): string {
  return flagValue(args, 'role', '')
}

/** Becomes `order` or `inventory` and says so in one JSON line on stderr, as the sidecar does. Times are divided by `--scale`. */
export async function runRole(args: readonly string[]): Promise<void> {
  dieWithParent()
  const scale = Number(flagValue(args, 'scale', '1'))
  const port = Number(flagValue(args, 'port', '0'))
  const role = roleOf(args)
  if (role !== 'order' && role !== 'inventory') throw new RangeError(`Unknown role '${role}': order or inventory`)
  const listen =
    role === 'inventory'
      ? await startInventory({ port, latencyMs: 5 / scale })
      : await startOrder({
          port,
          slots: 200,
          workMs: 2 / scale,
          client: clientSettings(flagValue(args, 'client', 'none'), scale),
        })
  process.stderr.write(`${JSON.stringify({ msg: 'ready', listen })}\n`)
}
