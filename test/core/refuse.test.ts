import t from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import type { ResponseHandler } from '../../src/core/exchange.ts'
import { refuse } from '../../src/core/refuse.ts'
import { lent } from '../support/lent.ts'

const OPEN = new ProxyError('circuit_open', 'proxy', 'no', '')
const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', '')

function asker(failed: string[]): ResponseHandler {
  return {
    informational() {},
    head() {},
    data() {},
    end() {},
    fail: (error) => failed.push(error.reason),
    pauseRequest() {},
    resumeRequest() {},
  }
}

t.test('refuse() fails in a microtask, once', async (t) => {
  const failed: string[] = []
  refuse(asker(failed), OPEN)
  t.strictSame(failed, [], 'not before it returned')
  await Promise.resolve()
  t.strictSame(failed, ['circuit_open'])
  await new Promise(setImmediate)
  t.strictSame(failed, ['circuit_open'])
})

t.test('refuse() is replaced by an abort that comes first', async (t) => {
  const failed: string[] = []
  const body = refuse(asker(failed), OPEN)
  body.abort(LEFT)
  t.strictSame(failed, ['client_cancelled'], 'before abort returns')
  body.abort(OPEN)
  await new Promise(setImmediate)
  t.strictSame(failed, ['client_cancelled'])
})

t.test('refuse() takes every other call as nothing', async (t) => {
  const failed: string[] = []
  const body = refuse(asker(failed), OPEN)
  body.data(lent('a'))
  body.pauseResponse()
  body.resumeResponse()
  body.end(['a', 'b'])
  await Promise.resolve()
  body.data(lent('a'))
  body.end()
  t.strictSame(failed, ['circuit_open'])
})
