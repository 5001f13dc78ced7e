/** Listening on all addresses, of whichever families there are. */
import type { Server } from 'node:net'

/** What a kernel without IPv6 says of its addresses. */
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

/**
 * As `server.listen`, but that `::`, which means every address of both families, means those of IPv4 where the kernel has no
 * IPv6. One of both callbacks is called, once; later errors are the caller's to listen for.
 */
export function listenOn(
  server: Server,
  host: string,
  port: number,
  refused: (error: NodeJS.ErrnoException) => void,
  listening: () => void,
): void {
  const failed = (error: NodeJS.ErrnoException) => {
    server.removeListener('listening', listening)
    if (host === '::' && NO_IPV6.has(error.code ?? '')) listenOn(server, '0.0.0.0', port, refused, listening)
    else refused(error)
  }
  server.once('error', failed)
  server.once('listening', () => server.removeListener('error', failed))
  server.once('listening', listening)
  server.listen({ host, port, backlog: 1024 })
}
