/** What keeps a request that is passed through from going to the listener it came by, over and over. */
// cold file: once for each host that is passed through, and for each of its connections
import { lookup } from 'node:dns'
import { isIP, isIPv6, type LookupFunction, SocketAddress } from 'node:net'

/** Where our application's requests come in. */
export interface OwnListeners {
  /** Whether one of them is on this port. */
  takes(port: number): boolean
  /** Whether an address is one of this machine's. */
  has(address: string): boolean
}

/** An address that leads there; a name is looked at when it is resolved, by `notOurs`. */
export function isOurs(own: OwnListeners, host: string, port: number): boolean {
  return own.takes(port) && isIP(host) !== 0 && isHere(own, host)
}

/** The usual look-up, but that a name which leads to this machine fails with `ELOOP`. */
export function notOurs(own: OwnListeners): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address)
      const loops = error === null && addresses.some((address) => isHere(own, address))
      if (loops) callback(Object.assign(new Error(`${host} leads to our own listener`), { code: 'ELOOP' }), '')
      else callback(error, found, family)
    })
  }
}

/** Nobody's address leads to whoever dials it, and an IPv4 address may be written as IPv6. */
function isHere(own: OwnListeners, address: string): boolean {
  const plain = shortest(address).replace(/^::ffff:(?=[0-9.]+$)/, '')
  return plain === '0.0.0.0' || plain === '::' || own.has(plain)
}

/** An IPv6 address may be written in many ways, and is dialled by any of them. */
function shortest(address: string): string {
  const [withoutZone = ''] = address.split('%')
  return isIPv6(withoutZone) ? new SocketAddress({ address: withoutZone, family: 'ipv6' }).address : address
}
