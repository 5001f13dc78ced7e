/**
 * An order service whose orders outlive it: each is a line in a file, written and on the disk before it is answered. It can be
 * told to die at the worst moment. Run by itself: `node shop.ts --file PATH --work MS [--port N] [--die before|after --at N]`.
 */
import { appendFileSync } from 'node:fs'
import { answer, readJson, serve } from '../../../src/demo/http.ts'
import { dieWithParent } from '../../../src/demo/lifeline.ts'
import { flagValue } from '../../../src/demo/roles.ts'
import { after } from '../../../src/demo/time.ts'

interface Options {
  readonly file: string
  /** ms from the request to its order. */
  readonly work: number
  /** Dies once `at` requests are at work: before any of their orders is written, or after all and before any is answered. */
  readonly die: 'never' | 'before' | 'after'
  readonly at: number
}

async function run(options: Options, port: number): Promise<string> {
  const { file, work, die, at } = options
  let made = 0
  const waiting: string[] = []
  const { listen } = await serve(port, (message, response, url) => {
    readJson(message, (wish) => {
      const order = String(wish?.['order'])
      if (url.pathname !== '/api/orders' || message.method !== 'POST')
        return answer(response, 404, { error: 'unknown' })
      if (die !== 'never') {
        waiting.push(order)
        if (waiting.length < at) return
        if (die === 'after') appendFileSync(file, waiting.map((one) => `${one}\n`).join(''))
        process.kill(process.pid, 'SIGKILL')
        return
      }
      after(work, () => {
        appendFileSync(file, `${order}\n`)
        made++
        response.setHeader('X-Made-By', `${process.pid}`)
        response.setHeader('x-serial', `${made}`)
        answer(response, 201, { order, number: `O-${process.pid}-${made}`, made })
      })
    })
  })
  return listen
}

if (import.meta.main) {
  dieWithParent()
  const args = process.argv.slice(2)
  const options: Options = {
    file: flagValue(args, 'file', ''),
    work: Number(flagValue(args, 'work', '100')),
    die: flagValue(args, 'die', 'never') as Options['die'],
    at: Number(flagValue(args, 'at', '1')),
  }
  const listen = await run(options, Number(flagValue(args, 'port', '0')))
  process.stderr.write(`${JSON.stringify({ msg: 'ready', listen })}\n`)
}
