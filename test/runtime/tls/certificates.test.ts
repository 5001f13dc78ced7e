import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type tls from 'node:tls'
import t, { type Test } from 'tap'
import { ask, eventually, field, get, post, state } from '../../support/ask.ts'
import { Authority, type Issued, strayKey } from '../../support/certificates.ts'
import { type Proxy as Sidecar, startProxy } from '../../support/proxy.ts'
import { PemFolder, tlsConnect, tlsOrigin } from '../../support/tls.ts'

const authority = new Authority('root')
const TRUSTING = { ca: authority.cert, servername: 'app.test' }

function named(subject: string): Issued {
  return authority.issue({ names: ['app.test'], subject })
}

async function application(t: Test): Promise<number> {
  const app = http.createServer((_request, response) => void response.end('ok'))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    app.closeAllConnections()
    app.close()
  })
  return (app.address() as AddressInfo).port
}

interface Listening {
  readonly proxy: Sidecar
  readonly pem: PemFolder
  readonly yaml: string
}

async function listening(t: Test, folder = ''): Promise<Listening> {
  const app = await application(t)
  const pem = new PemFolder(t)
  const at = (name: string) => join(pem.path, folder, name)
  const yaml =
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n' +
    `inbound: [{app: "127.0.0.1:${app}", protocol: http1, tls: {cert: ${at('tls.crt')}, key: ${at('tls.key')}}}]\n`
  if (folder === '') swap(pem, named('first'))
  else mount(pem, 'v1', named('first'))
  const proxy = await startProxy(yaml, { app })
  t.teardown(() => proxy.stop())
  return { proxy, pem, yaml }
}

function swap(pem: PemFolder, { cert, key }: Issued): void {
  pem.write('tls.crt', cert)
  pem.write('tls.key', key)
}

/** As a kubelet does it: a folder of the new version, and a link to it that takes the place of the old one at once. */
function mount(pem: PemFolder, version: string, { cert, key }: Issued): void {
  const volume = join(pem.path, 'volume')
  const first = version === 'v1'
  mkdirSync(join(volume, `..${version}`), { recursive: true })
  writeFileSync(join(volume, `..${version}`, 'tls.crt'), cert)
  writeFileSync(join(volume, `..${version}`, 'tls.key'), key)
  symlinkSync(`..${version}`, join(volume, '..data_tmp'))
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'))
  if (first) for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(volume, name))
}

async function shown(t: Test, port: number, session?: Buffer): Promise<string> {
  const socket = await tlsConnect(t, port, { ...TRUSTING, ...(session === undefined ? {} : { session }) })
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

t.test('New files are for new connections; those that are open go on', async (t) => {
  const { proxy, pem } = await listening(t)
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const port = proxy.inbound
  const call = () =>
    new Promise<tls.TLSSocket>((resolve, reject) => {
      const request = https.get({ ...TRUSTING, port, host: '127.0.0.1', agent }, (response) => {
        const { socket } = response
        response.resume().on('end', () => resolve(socket as tls.TLSSocket))
      })
      request.on('error', reject)
    })
  const before = await call()
  t.equal(await shown(t, port), 'first')
  swap(pem, named('second'))
  proxy.reload()
  t.equal(await shown(t, port), 'second')
  t.equal(await call(), before, 'the same connection')
  t.match(proxy.log, [/^info certificates renewed/])
  proxy.reload()
  t.equal(
    proxy.log.filter((line) => line.includes('certificates renewed')).length,
    1,
    'what is the same is not renewed',
  )
})

t.test('Files that cannot be used leave the last good ones in force, and the log says why', async (t) => {
  const { proxy, pem } = await listening(t)
  pem.write('tls.key', strayKey())
  proxy.reload()
  t.match(proxy.log, [
    /^error certificates cannot be used, the last good ones stay in force .*E062 key '.*tls\.key' must be/,
  ])
  t.equal(await shown(t, proxy.inbound), 'first')
  unlinkSync(join(pem.path, 'tls.crt'))
  proxy.reload()
  t.match(proxy.log.at(-2), /E060 cert '.*tls\.crt' must be a readable file: there is no such file/)
  t.equal(await shown(t, proxy.inbound), 'first')
  swap(pem, named('third'))
  proxy.reload()
  t.equal(await shown(t, proxy.inbound), 'third')
})

t.test('Files that changed are taken over without being told, also where a link is swapped (..data)', async (t) => {
  const { proxy, pem } = await listening(t, 'volume')
  t.equal(await shown(t, proxy.inbound), 'first')
  mount(pem, 'v2', named('second'))
  await eventually('the new certificate', () => proxy.log.some((line) => line.includes('certificates renewed')), 20_000)
  t.equal(await shown(t, proxy.inbound), 'second')
  mount(pem, 'v3', named('third'))
  await eventually('the next one', async () => (await shown(t, proxy.inbound)) === 'third', 20_000)
  t.notMatch(proxy.log, [/configuration reloaded/], 'the policies have not changed')
})

t.test(
  'Policies that cannot be loaded do not keep certificates from being renewed, nor the other way round',
  async (t) => {
    const { proxy, pem, yaml } = await listening(t)
    writeFileSync(join(proxy.folder, 'policy.yaml'), `${yaml}nonsense: 1\n`)
    swap(pem, named('second'))
    t.equal(proxy.reload(), false)
    t.equal(await shown(t, proxy.inbound), 'second')
    pem.write('tls.key', strayKey())
    writeFileSync(join(proxy.folder, 'policy.yaml'), `${yaml}---\nkind: Service\nname: s\nendpoints: []\n`)
    t.equal(proxy.reload(), true)
    t.equal(await shown(t, proxy.inbound), 'second')
  },
)

t.test('A reload that names files which cannot be used is refused', async (t) => {
  const { proxy, pem, yaml } = await listening(t)
  const service = (ca: string) => `${yaml}---\nkind: Service\nname: s\nendpoints: []\ntls: {ca: ${ca}}\n`
  writeFileSync(join(proxy.folder, 'policy.yaml'), service(join(pem.path, 'none.pem')))
  t.equal(proxy.reload(), false)
  t.match(proxy.log.at(-1), /E060 tls\.ca '.*none\.pem' must be a readable file/)
  writeFileSync(join(proxy.folder, 'policy.yaml'), service(pem.write('none.pem', authority.cert)))
  t.equal(proxy.reload(), true)
})

t.test('Policies that were refused for want of a file are taken over when it has come', async (t) => {
  const { proxy, pem, yaml } = await listening(t)
  const ca = join(pem.path, 'later.pem')
  writeFileSync(
    join(proxy.folder, 'policy.yaml'),
    `${yaml}---\nkind: Service\nname: s\nendpoints: []\ntls: {ca: ${ca}}\n`,
  )
  t.equal(proxy.reload(), false)
  const reloaded = () => proxy.log.some((line) => line.includes('configuration reloaded'))
  pem.write('later.pem', 'half a certifi')
  await eventually('another try', () => proxy.log.at(-1)?.includes('E061') === true, 20_000)
  t.notOk(reloaded())
  pem.write('later.pem', authority.cert)
  await eventually('the reload', reloaded, 20_000)
})

t.test('A certificate that changes while the sidecar starts is seen once it watches', async (t) => {
  const app = await application(t)
  const pem = new PemFolder(t)
  swap(pem, named('first'))
  const tls = `{cert: ${join(pem.path, 'tls.crt')}, key: ${join(pem.path, 'tls.key')}}`
  const yaml = `kind: Sidecar\nname: test\naccessLog: {format: none}\ninbound: [{app: "127.0.0.1:${app}", tls: ${tls}}]\n`
  const starting = startProxy(yaml, { app })
  swap(pem, named('second'))
  const proxy = await starting
  t.teardown(() => proxy.stop())
  await eventually('the second', async () => (await shown(t, proxy.inbound)) === 'second', 20_000)
})

t.test('All CAs of a file are believed, also where one was put before another without a new line', async (t) => {
  const origin = await tlsOrigin(t, 'http1', named('origin'))
  const pem = new PemFolder(t)
  const ca = pem.write('ca.pem', authority.cert)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${origin.port}"]\ntls: {ca: ${ca}, serverName: app.test}\n`,
  )
  t.teardown(() => proxy.stop())
  const shop = async () => {
    origin.endAll()
    await eventually('no connection', async () => (await state(proxy)).endpoints[0]?.connections === 0)
    return (await ask(proxy.outbound, get('/', 'Host: shop'))).status
  }
  t.equal(await shop(), 200)
  const next = new Authority('next').cert
  for (const together of [authority.cert.trimEnd() + next, next.trimEnd() + authority.cert]) {
    pem.write('ca.pem', together)
    proxy.reload()
    t.equal(await shop(), 200)
  }
  t.equal(proxy.log.filter((line) => line.includes('certificates renewed')).length, 2)
})

t.test('A sidecar does not start with files that cannot be used', async (t) => {
  const pem = new PemFolder(t)
  const tls = `{cert: ${pem.write('c.pem', named('x').cert)}, key: ${pem.write('k.pem', strayKey())}}`
  const yaml = `kind: Sidecar\nname: test\ninbound: [{app: "127.0.0.1:1", tls: ${tls}}]\n`
  await t.rejects(startProxy(yaml), {
    message: /policy\.yaml:3:\d+: error E062 inbound\[0\]\.tls\.key '.*k\.pem' must be/,
  })
})

t.test('Under load no request is lost while certificates change, on either side', async (t) => {
  const { proxy, pem } = await listening(t)
  const origin = await tlsOrigin(t, 'either', named('origin'))
  const yaml = `${proxy.folder}/service.yaml`
  const ca = pem.write('ca.pem', authority.cert)
  const own = `${pem.pair('own', named('us'))}`
  writeFileSync(
    yaml,
    `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${origin.port}"]\ntls: {ca: ${ca}, serverName: app.test, ${own}}\nconnections: {idle: 20ms, maxAge: 50ms}\n`,
  )
  t.equal(proxy.reload(), true)
  let going = true
  let served = 0
  const failures: string[] = []
  const worker = async (once: () => Promise<string>) => {
    while (going) {
      try {
        const what = await once()
        if (what !== '') failures.push(what)
        served++
      } catch (error) {
        failures.push((error as Error).message)
      }
    }
  }
  const outbound = async () => {
    const got = await ask(proxy.outbound, post('/', 'x', 'Host: shop'))
    return got.status === 200 ? '' : `${got.status} ${field(got, 'x-outrigger-reason')}`
  }
  const keptAlive = new https.Agent({ keepAlive: true })
  const fresh = new https.Agent({ keepAlive: false })
  t.teardown(() => keptAlive.destroy())
  const inbound = (agent: https.Agent) => () =>
    new Promise<string>((resolve, reject) => {
      const options = { ...TRUSTING, port: proxy.inbound, host: '127.0.0.1', agent }
      https
        .get(options, (response) => {
          const { statusCode } = response
          response.resume().on('end', () => resolve(statusCode === 200 ? '' : String(statusCode)))
        })
        .on('error', reject)
    })
  const session = http2.connect(`https://127.0.0.1:${proxy.inbound}`, TRUSTING)
  t.teardown(() => session.destroy())
  const streams = () =>
    new Promise<string>((resolve, reject) => {
      const stream = session.request({ ':path': '/' })
      stream.on(
        'response',
        (head) => void stream.resume().on('end', () => resolve(head[':status'] === 200 ? '' : 'bad')),
      )
      stream.on('error', reject)
    })
  const workers = [outbound, outbound, inbound(keptAlive), inbound(fresh), streams].map(worker)
  for (let i = 0; i < 10; i++) {
    const enough = served + 60
    swap(pem, named(`listener ${i}`))
    pem.pair('own', named(`us ${i}`))
    proxy.reload()
    await eventually('some requests', () => served >= enough, 20_000)
  }
  going = false
  await Promise.all(workers)
  t.same(failures, [])
  t.equal(await shown(t, proxy.inbound), 'listener 9')
})

t.test('A certificate of ours that was renewed is shown to upstreams, and no session of the old one', async (t) => {
  const options = { ...named('origin'), ca: authority.cert, requestCert: true, rejectUnauthorized: true }
  const origin = await tlsOrigin(t, 'http1', options)
  const pem = new PemFolder(t)
  const ca = pem.write('ca.pem', authority.cert)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${origin.port}"]\n` +
      `tls: {ca: ${ca}, serverName: app.test, ${pem.pair('own', named('one'))}}\n`,
  )
  t.teardown(() => proxy.stop())
  const again = async () => {
    t.equal((await ask(proxy.outbound, get('/', 'Host: shop'))).status, 200)
    await eventually('an idle one', async () => (await state(proxy)).endpoints[0]?.idle === 1)
    origin.endAll()
    await eventually('no connection', async () => (await state(proxy)).endpoints[0]?.connections === 0)
  }
  await again()
  await again()
  pem.pair('own', named('two'))
  proxy.reload()
  await again()
  t.same(
    origin.reached.map(({ client, reused }) => [client, reused]),
    [
      ['CN=one', false],
      ['CN=one', true],
      ['CN=two', false],
    ],
  )
})

t.test('A CA that was renewed decides about new connections; the service is the same one', async (t) => {
  const origin = await tlsOrigin(t, 'http2', named('origin'))
  const pem = new PemFolder(t)
  const ca = pem.write('ca.pem', authority.cert)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${origin.port}"]\ntls: {ca: ${ca}, serverName: app.test}\n` +
      'connections: {idle: 1m}\n',
  )
  t.teardown(() => proxy.stop())
  const shop = () => ask(proxy.outbound, get('/', 'Host: shop'))
  t.equal((await shop()).status, 200)
  pem.write('ca.pem', new Authority('another').cert)
  proxy.reload()
  t.equal((await shop()).status, 200, 'over the connection that was proved')
  t.equal(origin.reached.length, 1)
  origin.endAll()
  await eventually('no connection', async () => (await state(proxy)).endpoints[0]?.connections === 0)
  t.equal(field(await shop(), 'x-outrigger-reason'), 'tls_failure')
})
