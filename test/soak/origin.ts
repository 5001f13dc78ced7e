/**
 * The upstream of the soak: `origin.ts PORT`. Of its answers 5 % fail — a 503, a reset, an end before the answer, in equal
 * parts — and 5 % come after 300 ms, which is more than an attempt is granted. Ends with its stdin.
 */
import net from 'node:net'

const FAILING = 0.05
const SLOW = 0.05
const SLOW_MS = 300

const BODY = 'x'.repeat(1024)
const OK = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`)
const FAILED = Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nno\r\n')

function answer(socket: net.Socket): void {
  const dice = Math.random()
  if (dice >= FAILING + SLOW) socket.write(OK)
  else if (dice >= FAILING) setTimeout(() => !socket.destroyed && socket.write(OK), SLOW_MS)
  else if (dice < FAILING / 3) socket.write(FAILED)
  else if (dice < (2 * FAILING) / 3) socket.resetAndDestroy()
  else socket.end()
}

/** Reads requests by their Content-Length; a proxy of ours sends no other framing here. */
function serve(socket: net.Socket): void {
  let head = ''
  let body = 0
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk.toString('latin1')
    while (rest !== '') {
      if (body > 0) {
        const taken = Math.min(body, rest.length)
        body -= taken
        rest = rest.slice(taken)
        if (body === 0) answer(socket)
        continue
      }
      head += rest
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      rest = head.slice(end + 4)
      body = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0)
      head = ''
      if (body === 0) answer(socket)
    }
  })
}

net.createServer(serve).listen(Number(process.argv[2]), '127.0.0.1')
process.stdin.on('end', () => process.exit(0)).resume()
