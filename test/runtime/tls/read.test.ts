import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatIssue } from '../../../src/config/issues.ts'
import { readTls } from '../../../src/runtime/tls/read.ts'
import { Authority, lockedKey, strayKey } from '../../support/certificates.ts'
import { load } from '../../support/marked.ts'
import { PemFolder } from '../../support/tls.ts'

const root = new Authority('root')
const issuer = new Authority('issuer', root)
const other = new Authority('other')
const leaf = issuer.issue({ names: ['app.test'] })

/** The lines of a Service with this `tls` block. */
function lines(tls: string): string[] {
  const text = `kind: Service\nname: s\nendpoints: ["10.0.0.7:443"]\ntls:\n  ${tls.replaceAll(', ', '\n  ')}\n`
  const check = (files: Parameters<typeof readTls>[0]) => readTls(files, Date.now()).problems
  return load(text, { tls: check }).issues.map(formatIssue)
}

const NOW = Date.now()
const EXPIRED = { names: ['app.test'], notAfter: new Date(NOW - 1000) }

/** What is in the files, and the code, file and words of what is said. Keys are `tls.cert` and so on. */
const CASES: Record<
  string,
  { cert: string; key: string; ca?: string; says: [code: string, key: string, ...RegExp[]][] }
> = {
  'a whole chain': { cert: leaf.cert + issuer.cert, key: leaf.key, ca: root.cert, says: [] },
  'text around the certificate': { cert: `bag\n${leaf.cert}\nattributes: -`, key: leaf.key, says: [] },
  'certificates that were put together without a new line between them': {
    cert: leaf.cert.trimEnd() + issuer.cert,
    key: leaf.key,
    ca: other.cert.trimEnd() + root.cert,
    says: [],
  },
  'a CA file that was written by half': {
    cert: leaf.cert,
    key: leaf.key,
    ca: root.cert + other.cert.slice(0, 200),
    says: [['E061', 'ca', /must hold whole certificates in PEM, found one that has no end/]],
  },
  'a key where the certificate belongs': {
    cert: leaf.key,
    key: leaf.key,
    says: [['E061', 'cert', /must hold a certificate in PEM, found a private key/]],
  },
  'a certificate where the key belongs': {
    cert: leaf.cert,
    key: leaf.cert,
    says: [['E061', 'key', /must hold a private key in PEM, found a certificate/]],
  },
  'an empty file': {
    cert: '',
    key: '',
    says: [
      ['E061', 'cert', /found none/],
      ['E061', 'key', /found none/],
    ],
  },
  'a damaged certificate': {
    cert: leaf.cert + issuer.cert.replace(/M[A-Za-z0-9]{8}/, 'AAAAAAAAA'),
    key: leaf.key,
    says: [['E061', 'cert', /number 2 of 2 cannot be read/]],
  },
  'a damaged key': {
    cert: leaf.cert,
    key: leaf.key.replace(/M[A-Za-z0-9]{8}/, 'AAAAAAAAA'),
    says: [['E061', 'key', /the one it holds cannot be read/]],
  },
  'a key that is locked': {
    cert: leaf.cert,
    key: lockedKey(),
    says: [['E061', 'key', /locked by a pass phrase: unlock it/]],
  },
  'the key of another certificate': {
    cert: leaf.cert,
    key: strayKey(),
    says: [
      ['E062', 'key', /first certificate under cert, found the key of another one \(the certificate is CN=app\.test\)/],
    ],
  },
  'the leaf behind its issuer': {
    cert: issuer.cert + leaf.cert,
    key: leaf.key,
    says: [
      ['W015', 'cert', /found CN=issuer \(issued by CN=root\) before CN=app\.test/],
      ['E062', 'key', /found that of certificate 2 of the file beside it/],
    ],
  },
  'a chain with a stranger in it': {
    cert: leaf.cert + other.cert,
    key: leaf.key,
    says: [['W015', 'cert', /found CN=app\.test \(issued by CN=issuer\) before CN=other/]],
  },
  'a certificate that has expired': {
    ...issuer.issue(EXPIRED),
    says: [['W014', 'cert', /in its time, CN=app\.test: it expired on .* GMT/]],
  },
  'a certificate whose time has not come': {
    ...issuer.issue({ names: ['app.test'], notBefore: new Date(NOW + 3_600_000) }),
    says: [['W014', 'cert', /it holds from .* GMT/]],
  },
  'a bundle with an old CA in it': {
    ...leaf,
    ca: root.cert + issuer.issue(EXPIRED).cert,
    says: [],
  },
  'a CA that has expired': { ...leaf, ca: issuer.issue(EXPIRED).cert, says: [['W014', 'ca', /it expired on/]] },
  'no CA in the CA file': {
    ...leaf,
    ca: 'nothing',
    says: [['E061', 'ca', /must hold a certificate in PEM, found none/]],
  },
}

const LINE: Readonly<Record<string, number>> = { cert: 5, key: 6, ca: 7 }

for (const [what, { cert, key, ca, says }] of Object.entries(CASES)) {
  t.test(`readTls() of ${what}: ${says.map(([code]) => code).join(', ') || 'fine'}`, async (t) => {
    const pem = new PemFolder(t)
    const files = [pem.pair('x', { cert, key }), ...(ca === undefined ? [] : [`ca: ${pem.write('ca.pem', ca)}`])].join(
      ', ',
    )
    const got = lines(files)
    t.equal(got.length, says.length, got.join('\n'))
    for (const [i, [code, file, ...words]] of says.entries()) {
      const severity = code.startsWith('E') ? 'error' : 'warning'
      const path = file === 'ca' ? 'ca.pem' : `x.${file === 'key' ? 'key' : 'crt'}`
      const place = `policy.yaml:${LINE[file]}:${file.length + 5}: ${severity} ${code} tls.${file} '${join(pem.path, path)}' must`
      t.ok(got[i]?.startsWith(place), `${got[i]}\nbegins with ${place}`)
      for (const word of words) t.match(got[i], word)
    }
  })
}

t.test('readTls() of a file that cannot be read says why', async (t: Test) => {
  const pem = new PemFolder(t)
  mkdirSync(join(pem.path, 'folder'))
  const key = pem.write('x.key', leaf.key)
  const cert = (path: string) => lines(`cert: ${join(pem.path, path)}, key: ${key}`)
  t.match(cert('none.crt'), [/:5:9: error E060 tls\.cert '.*none\.crt' must be a readable file: there is no such file/])
  t.match(cert('folder'), [/E060 .*it is a folder/])
  // It has no end, and nobody writes into it.
  execFileSync('mkfifo', [join(pem.path, 'pipe')])
  t.match(cert('pipe'), [/E060 .*it is a pipe or a device/])
  const closed = pem.write('closed.crt', leaf.cert)
  chmodSync(closed, 0)
  if (process.getuid?.() !== 0) t.match(cert('closed.crt'), [/E060 .*may not be read by this user/])
})

t.test('A tls block that does not fit together is refused before files are read', async (t) => {
  t.match(lines('cert: /nowhere.crt'), [/:5:3: error E021 tls must have cert and key together, found cert without key/])
  t.match(lines('key: /nowhere.key'), [/E021 .*found key without cert/])
  t.match(lines('serverName: "shop.test:443"'), [/E024 tls\.serverName must be .*write shop\.test, without the port/])
  t.same(lines('serverName: 10.0.0.7'), [])
  const { issues } = load(
    'kind: Sidecar\nname: x\ninbound: [{app: "a:1", tls: {cert: /c, key: /k, clientAuth: permit}}, {app: "a:2", listen: "a:3", tls: {cert: /c}}]\n',
  )
  t.match(issues.map(formatIssue), [
    /:3:\d+: error E021 inbound\[0\]\.tls must name clientCa beside clientAuth/,
    /:3:\d+: error E021 .*'key' is missing/,
  ])
})

t.test('A tls block of defaults takes the roots of the system', async (t) => {
  const { contents, problems } = readTls({ side: 'upstream', cert: '', key: '', ca: '' }, Date.now())
  t.same(problems, [])
  t.ok(contents?.context)
  t.equal(contents?.cert, undefined)
})
