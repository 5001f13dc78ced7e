import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'

const dockerfile = readFileSync('Dockerfile', 'utf8')

t.test('the image starts without a shell and without rights', async (t) => {
  for (const word of ['HEALTHCHECK', 'ENTRYPOINT', 'CMD']) {
    t.match(dockerfile, new RegExp(`^${word} .*\\[".*"\\]$`, 'm'), `${word} in exec form`)
  }
  t.match(dockerfile, /^USER 19765:19765$/m)
  t.notMatch(dockerfile.split(`FROM \${BASE}`)[1], /^(?:RUN|ADD)/m, 'the last stage only copies')
  t.match(dockerfile, /^ARG BASE=/m)
})

t.test('HEALTHCHECK says what /livez says', async (t) => {
  const [program, ...args] = JSON.parse(/^HEALTHCHECK .*?CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[]
  t.equal(program, 'outrigger')
  let status = 200
  const server = createServer((request, answer) => {
    t.equal(request.url, '/livez')
    answer.writeHead(status).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const check = async () => {
    const env = { ...process.env, OUTRIGGER_ADMIN: `127.0.0.1:${port}` }
    const [code] = await once(spawn(process.execPath, ['cmd/outrigger.ts', ...args], { env, stdio: 'ignore' }), 'exit')
    return code
  }
  t.equal(await check(), 0)
  status = 503
  t.equal(await check(), 1)
  server.close()
  await once(server, 'close')
  t.equal(await check(), 1, 'and fails where nothing listens')
})
