/** An address of the loopback at which connecting gets no answer: somebody listens, and never accepts. */
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'

/** Listens with the smallest queue, says where, and then does nothing any more. */
const LISTENER = `
  const server = require('node:net').createServer()
  const [host, port] = process.argv.slice(1)
  server.listen({ host, port: Number(port), backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port) + '\\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

/** More than the queue takes; what finds no place is dropped by the kernel without a word. */
const FILLERS = 6

export interface SilentAddress {
  readonly port: number
  close(): void
}

/** `at` 0: any that is free. */
export async function silentAddress(host = '127.0.0.1', at = 0): Promise<SilentAddress> {
  const child = spawn(process.execPath, ['-e', LISTENER, host, String(at)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())))
  })
  const fillers: Socket[] = []
  const first = new Promise<void>((resolve) => {
    for (let i = 0; i < FILLERS; i++) fillers.push(connect(port, host, resolve).on('error', () => {}))
  })
  await first
  return {
    port,
    close() {
      for (const filler of fillers) filler.destroy()
      child.kill('SIGKILL')
    },
  }
}
