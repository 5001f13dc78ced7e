/** Says of every connection that it was redirected, as the kernel would behind the firewall's rules. */
import { isIPv4 } from 'node:net'
import { OriginalDestinations } from '../../src/net/original-destination.ts'

/** `from` undefined: this connection was not. IPv4 only, as the tests' connections are. */
export function redirected(
  from: () => { readonly host: string; readonly port: number } | undefined,
): OriginalDestinations {
  return new OriginalDestinations((_fd, level, _name, value) => {
    const to = from()
    if (to === undefined || level !== 0 || !isIPv4(to.host)) return -1
    value.writeUInt16BE(to.port, 2)
    value.set(to.host.split('.').map(Number), 4)
    return 0
  })
}
