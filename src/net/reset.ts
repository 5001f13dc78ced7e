/** Where a peer resets a connection. */
import type { Socket } from 'node:net'

/**
 * Node tells of a reset by `error` and then by `close`, where all that matters is done; but where it met a FIN of ours on its way
 * out Node waits for ever, so the socket is ended here.
 */
export function endOnReset(socket: Socket): void {
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'reset') socket.destroy()
  })
}
