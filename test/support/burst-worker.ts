/** A thread of its own: connects, sends a head on each connection, wakes the thread that waits for that, and tells the answers. */
import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { port, count, shared } = workerData as { port: number; count: number; shared: Int32Array }

async function one(): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let text = ''
  socket.on('data', (more) => {
    text += more
  })
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(`${text}${error.message}`))
    socket.on('end', () => resolve(text))
  })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n', () => {
    Atomics.add(shared, 0, 1)
    Atomics.notify(shared, 0)
  })
  return ended
}

parentPort?.postMessage(await Promise.all(Array.from({ length: count }, one)))
