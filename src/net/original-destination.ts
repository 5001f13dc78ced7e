/**
 * Reads the original destination of redirected connections from the kernel: `getsockopt(SO_ORIGINAL_DST)`, which Node has no
 * word for. koffi calls it; it is native, so it is in no bundle, and it is loaded only by who asks for it.
 */
import type { Socket } from 'node:net'
import { OriginalDestination } from '../core/original-destination.ts'

/** linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h: SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST. */
const ORIGINAL_DST = 80
const SOL_IP = 0
const SOL_IPV6 = 41
/** Bytes of `sockaddr_in` and `sockaddr_in6`. */
const SIZE_V4 = 16
const SIZE_V6 = 28

/** Returns 0, and writes the value and its length. */
type GetSockOpt = (fd: number, level: number, name: number, value: Buffer, length: Uint32Array) => number

/** What Node keeps behind a socket; there is no public way to its file descriptor. */
interface WithHandle {
  readonly _handle: { readonly fd?: number } | null
}

/** Rejects where koffi cannot be loaded: it is an optional dependency and has no binary for every platform. */
export async function loadOriginalDestination(): Promise<OriginalDestinations> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(null)
  const prototype = 'int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)'
  return new OriginalDestinations(library.func(prototype) as unknown as GetSockOpt)
}

export class OriginalDestinations {
  readonly #call: GetSockOpt
  readonly #value: Buffer
  readonly #length: Uint32Array

  constructor(call: GetSockOpt) {
    this.#call = call
    this.#value = Buffer.alloc(SIZE_V6)
    this.#length = new Uint32Array(1)
  }

  /**
   * Of an accepted connection, at once: the kernel forgets it with the connection. undefined: it was not redirected and
   * nobody tracks it, or it is gone already.
   */
  of(socket: Socket): OriginalDestination | undefined {
    const fd = (socket as unknown as WithHandle)._handle?.fd
    const from = socket.remoteAddress
    if (fd === undefined || fd < 0 || from === undefined) return undefined
    // On a listener of both families an IPv4 connection has a mapped address, and is asked about as IPv4.
    return from.includes('.') ? this.#ask(fd, SOL_IP, SIZE_V4) : this.#ask(fd, SOL_IPV6, SIZE_V6)
  }

  #ask(fd: number, level: number, size: number): OriginalDestination | undefined {
    this.#length[0] = size
    if (this.#call(fd, level, ORIGINAL_DST, this.#value, this.#length) !== 0) return undefined
    return readAddress(this.#value, size)
  }
}

/** `sockaddr_in` or `sockaddr_in6`: family, port in network order, address. */
export function readAddress(value: Buffer, size: number): OriginalDestination {
  const port = value.readUInt16BE(2)
  if (size === SIZE_V4) return new OriginalDestination(value.subarray(4, 8).join('.'), port)
  const groups: string[] = []
  for (let at = 8; at < 24; at += 2) groups.push(value.readUInt16BE(at).toString(16))
  return new OriginalDestination(shortest(groups), port)
}

/** RFC 5952 §4.2: the longest run of zeros, of two groups or more and the first of its length, is left out. */
function shortest(groups: readonly string[]): string {
  let from = 0
  let most = 0
  for (let at = 0, run = 0; at < groups.length; at++) {
    run = groups[at] === '0' ? run + 1 : 0
    if (run <= most) continue
    most = run
    from = at - run + 1
  }
  if (most < 2) return groups.join(':')
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + most).join(':')}`
}
