/** curl as an operator would use it: `http_proxy`, `https_proxy` (CONNECT), and straight at a listener. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startProxy, type Proxy as TestProxy } from '../support/proxy.ts'

function present(program: string, argument: string): boolean {
  try {
    execFileSync(program, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const noCurl = present('curl', '--version') ? false : 'curl is not installed'
const noOpenssl =
  noCurl || (present('openssl', 'version') ? false : 'openssl is not installed: no certificate to serve')

interface Heard {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly body: string
  readonly fields: http.IncomingHttpHeaders
}

interface Curled {
  readonly code: number
  readonly out: string
  readonly errors: string
}

function curl(environment: Record<string, string>, ...args: string[]): Promise<Curled> {
  const env = { PATH: process.env.PATH ?? '', ...environment }
  return new Promise((resolve) => {
    execFile('curl', ['-sS', '--max-time', '5', ...args], { env, maxBuffer: 1e8 }, (error, out, errors) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, errors })
    })
  })
}

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

const heard: Heard[] = []

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request
  heard.push({ method, url, host: headers.host ?? '', body: await bodyOf(request), fields: headers })
  response.setHeader('X-Answer', 'yes')
  response.end(url === '/large' ? 'x'.repeat(3_000_000) : `you asked for ${url}`)
}

function listening(server: http.Server | https.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-tls-'))
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, '-subj', '/CN=secure'], { stdio: 'ignore' })
  const pair = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) }
  rmSync(folder, { recursive: true })
  return pair
}

t.test('curl uses us as its proxy and as its origin', { skip: noCurl }, async (t) => {
  const origin = http.createServer(answer)
  const port = await listening(origin)
  const secure = noOpenssl ? undefined : https.createServer(certificate(), answer)
  const securePort = secure === undefined ? port : await listening(secure)
  const proxy: TestProxy = await startProxy(
    [
      'kind: Sidecar\nname: test\naccessLog: {format: none}\n',
      `kind: Service\nname: plain\nhosts: [plain, "plain:8080", plain.test]\nendpoints: ["127.0.0.1:${port}"]\n`,
      `kind: Service\nname: secure\nhosts: ["secure:443"]\nendpoints: ["127.0.0.1:${securePort}"]\n`,
    ].join('---\n'),
    { app: port },
  )
  const outbound = `http://127.0.0.1:${proxy.outbound}`
  const asProxy = { http_proxy: outbound, https_proxy: outbound }
  t.beforeEach(() => void heard.splice(0))

  t.test('http_proxy: the absolute form becomes the origin form, and Host the name', async (t) => {
    const { code, out } = await curl(asProxy, 'http://plain/v1/items?a=b%20c')
    t.equal(code, 0)
    t.equal(out, 'you asked for /v1/items?a=b%20c')
    t.match(heard, [{ method: 'GET', url: '/v1/items?a=b%20c', host: 'plain' }])
    t.equal(heard[0]?.fields['proxy-connection'], undefined)
  })

  t.test('http_proxy: another port of a service that names it', async (t) => {
    const { out } = await curl(asProxy, 'http://plain:8080/')
    t.equal(out, 'you asked for /')
    t.equal(heard[0]?.host, 'plain:8080')
  })

  t.test('http_proxy: an unknown host is answered by us, in words', async (t) => {
    const { out } = await curl(asProxy, '-i', 'http://nobody.test/')
    t.match(out, /^HTTP\/1\.1 404 /)
    t.match(out, /x-outrigger-reason: route_not_found/i)
    t.match(out, /proxy-status: outrigger; error=destination_not_found/i)
    t.match(JSON.parse(out.slice(out.indexOf('\r\n\r\n') + 4)), { error: { reason: 'route_not_found' } })
    t.equal(heard.length, 0)
  })

  t.test('a body with Expect: 100-continue arrives whole', async (t) => {
    const body = 'b'.repeat(2_000_000)
    const { out } = await curl(
      asProxy,
      '-H',
      'Expect: 100-continue',
      '--data-binary',
      body.slice(0, 100_000),
      'http://plain/',
    )
    t.equal(out, 'you asked for /')
    t.equal(heard[0]?.body.length, 100_000)
  })

  t.test('a chunked upload arrives whole', async (t) => {
    const { out } = await curl(
      asProxy,
      '-H',
      'Transfer-Encoding: chunked',
      '--data-binary',
      'c'.repeat(90_000),
      'http://plain/',
    )
    t.equal(out, 'you asked for /')
    t.equal(heard[0]?.body.length, 90_000)
    t.equal(heard[0]?.fields['transfer-encoding'], 'chunked')
  })

  t.test('a large answer arrives whole', async (t) => {
    const { out } = await curl(asProxy, 'http://plain/large')
    t.equal(out.length, 3_000_000)
  })

  t.test('HEAD, HTTP/1.0, and several requests on one connection', async (t) => {
    t.match((await curl(asProxy, '-I', 'http://plain/')).out, /^HTTP\/1\.1 200 .*x-answer: yes/is)
    t.match((await curl(asProxy, '-0', '-i', 'http://plain/')).out, /connection: close\r\n.*you asked for \/$/is)
    const many = await curl(asProxy, '-w', '%{num_connects}', 'http://plain/1', 'http://plain/2', 'http://plain/3')
    t.match(many.out, /1you asked for \/20you asked for \/30$/)
  })

  t.test('straight at the listener with a Host of its own, and inbound', async (t) => {
    t.equal((await curl({}, '-H', 'Host: plain.test', `${outbound}/a`)).out, 'you asked for /a')
    t.equal((await curl({}, `http://127.0.0.1:${proxy.inbound}/b`)).out, 'you asked for /b')
    t.match(
      heard.map(({ host }) => host),
      ['plain.test', `127.0.0.1:${proxy.inbound}`],
    )
  })

  t.test('CONNECT to a plain service carries bytes', async (t) => {
    const { code, out, errors } = await curl(asProxy, '--proxytunnel', 'http://plain:8080/through')
    t.equal(code, 0, errors)
    t.equal(out, 'you asked for /through')
    t.equal(heard[0]?.fields.via, undefined, 'nothing of ours is in an opaque tunnel')
  })

  t.test('CONNECT to an unknown host is refused with its reason', async (t) => {
    const { code, out } = await curl(asProxy, '-i', '--proxytunnel', 'http://nobody.test:81/')
    t.equal(code, 56)
    t.match(out, /^HTTP\/1\.1 404 .*route_not_found/s)
  })

  t.test('https_proxy: TLS goes through CONNECT untouched', { skip: noOpenssl }, async (t) => {
    const { code, out, errors } = await curl(asProxy, '-k', 'https://secure/v1', 'https://secure/large')
    t.equal(code, 0, errors)
    t.equal(out.length, 'you asked for /v1'.length + 3_000_000)
    t.match(heard, [{ url: '/v1', host: 'secure' }, { url: '/large' }])
  })

  t.teardown(async () => {
    await proxy.stop()
    origin.closeAllConnections()
    origin.close()
    secure?.closeAllConnections()
    secure?.close()
  })
})
