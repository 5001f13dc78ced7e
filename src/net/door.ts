/**
 * Lets nobody new in at a listening socket that is about to close. What has connected and was not taken when it closes is reset by
 * the kernel, with the request that came along; on a busy machine there is always one. So its door is shut first: a socket
 * filter drops the first packet of new connections, of which each client sends another one a second later. Connections that are
 * just coming about go on. Where koffi cannot be loaded, or the kernel knows no such filters, nothing is shut.
 */
// cold file: once, at the end
import { platform } from 'node:os'

/** asm-generic/socket.h */
const SOL_SOCKET = 1
const SO_ATTACH_FILTER = 26
/** Bytes of `sock_fprog`. */
const SIZE = 16

/** linux/bpf_common.h, on a packet from its TCP header on (RFC 9293 §3.1): of the flags SYN alone is dropped, all else is taken. */
const NO_SYN = [
  { code: 0x30, jt: 0, jf: 0, k: 13 },
  { code: 0x54, jt: 0, jf: 0, k: 0x12 },
  { code: 0x15, jt: 0, jf: 1, k: 0x02 },
  { code: 0x06, jt: 0, jf: 0, k: 0 },
  { code: 0x06, jt: 0, jf: 0, k: 0xffff_ffff },
] as const

/** False: it is as open as before. */
export type ShutDoor = (fd: number) => boolean

export type LoadDoor = () => Promise<ShutDoor>

let loading: Promise<ShutDoor> | undefined

/** Never rejects. */
export const loadDoor: LoadDoor = () => {
  loading ??= load().catch(() => () => false)
  return loading
}

async function load(): Promise<ShutDoor> {
  // Elsewhere the numbers below mean something else.
  if (platform() !== 'linux') return () => false
  const { default: koffi } = await import('koffi')
  const library = koffi.load(null)
  koffi.struct('sock_filter', { code: 'uint16_t', jt: 'uint8_t', jf: 'uint8_t', k: 'uint32_t' })
  koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'sock_filter *' })
  const setsockopt = library.func(
    'int setsockopt(int fd, int level, int name, const sock_fprog *value, uint32_t length)',
  ) as unknown as (fd: number, level: number, name: number, value: object, length: number) => number
  return (fd) => setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, { len: NO_SYN.length, filter: NO_SYN }, SIZE) === 0
}
