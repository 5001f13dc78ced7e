import t from 'tap'
import { type LostRequest, lossOf } from '../../src/http/lost-request.ts'

const ON_ITS_WAY = {
  connecting: false,
  unsent: false,
  accepted: true,
  reused: false,
  answering: false,
  headPassed: false,
}
const REFUSED = Object.assign(new Error('alert'), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })

t.test('lossOf() says what may be sent again by how far the request had got', async (t) => {
  const cases: readonly [says: string, request: Partial<LostRequest>, retryable: string][] = [
    ['never connected', { connecting: true }, 'unsent'],
    ['connected, and nothing of it went out', { unsent: true }, 'unsent'],
    ['nor on a connection that had served others', { unsent: true, reused: true }, 'unsent-reused'],
    ['it went out, and nothing came back', {}, 'unanswered'],
    ['nor on a connection that may have been given up before', { reused: true }, 'unanswered-reused'],
    ['something came, so it was not given up before', { reused: true, answering: true }, 'unanswered'],
    ['a head was passed up', { answering: true, headPassed: true }, 'no'],
    ['on a connection that had served others, too', { reused: true, answering: true, headPassed: true }, 'no'],
  ]
  for (const [says, request, retryable] of cases) {
    const error = lossOf({ ...ON_ITS_WAY, ...request }, undefined, 'it ended')
    t.equal(error.retryable, retryable, says)
    t.equal(error.source, 'upstream', says)
    t.equal(error.cause, 'it ended', says)
  }
})

t.test(
  'lossOf() takes an alert about our certificate for a handshake that failed, until the upstream has said something',
  async (t) => {
    const late = lossOf({ ...ON_ITS_WAY, accepted: false }, REFUSED, 'it ended')
    t.match(late, { reason: 'tls_failure', retryable: 'unsent' })
    t.match(late.cause, /wants a client certificate/)
    t.match(lossOf({ ...ON_ITS_WAY, accepted: false, unsent: true }, REFUSED, ''), { reason: 'tls_failure' })
    t.match(lossOf(ON_ITS_WAY, REFUSED, ''), { reason: 'upstream_reset', retryable: 'unanswered' })
  },
)

t.test('lossOf() names why no connection was made', async (t) => {
  const nowhere = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
  t.match(lossOf({ ...ON_ITS_WAY, connecting: true }, nowhere, ''), { reason: 'dns_failure', retryable: 'unsent' })
})
