/** Certificate and key files → what a side of TLS is made of, or all that is wrong with them. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { TlsFiles, TlsProblem } from '../../config/build/tls.ts'
import { whyUnreadable } from '../../config/files.ts'
import { certificatesIn, isBrokenOff, tidyCertificates } from '../../core/pem.ts'
import { readRegular } from '../../core/regular-file.ts'
import { TERMS, tls } from '../../net/lazy-tls.ts'
import type { TlsContents } from '../../net/tls-material.ts'
import { systemRoots } from './system-roots.ts'

export interface ReadTls {
  /** undefined where a problem is an error. */
  readonly contents: TlsContents | undefined
  readonly problems: readonly TlsProblem[]
}

type File = TlsProblem['file']

/** PKCS#8, and the older form of OpenSSL. */
const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m
const KEY = /-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----/

/** `now` in ms since 1970. */
export function readTls(files: TlsFiles, now: number): ReadTls {
  const problems: TlsProblem[] = []
  const bytes = (file: File) => readPem(file, files[file], problems)
  const cert = bytes('cert')
  const key = bytes('key')
  const ca = bytes('ca') ?? (files.side === 'upstream' ? systemRoots() : undefined)
  const chain = cert === undefined ? [] : certificates('cert', cert, problems)
  const trusted = Buffer.isBuffer(ca) && files.ca !== '' ? certificates('ca', ca, problems) : []
  const privateKey = key === undefined ? undefined : readKey(key, problems)
  if (privateKey !== undefined) checkPair(chain, privateKey, problems)
  checkChain(chain, problems)
  checkTimes('cert', chain.slice(0, 1), now, problems)
  checkTimes('ca', trusted, now, problems)
  const contents = problems.some(isError)
    ? undefined
    : assemble(
        cert && tidyCertificates(cert),
        key,
        Buffer.isBuffer(ca) && files.ca !== '' ? tidyCertificates(ca) : ca,
        problems,
      )
  return { contents, problems }
}

export function isError(problem: TlsProblem): boolean {
  return problem.code.startsWith('E')
}

function readPem(file: File, path: string, problems: TlsProblem[]): Buffer | undefined {
  if (path === '') return undefined
  try {
    return readRegular(path)
  } catch (cause) {
    problems.push({ code: 'E060', file, message: `must be a readable file: ${whyUnreadable(cause)}` })
    return undefined
  }
}

function certificates(file: File, pem: Buffer, problems: TlsProblem[]): X509Certificate[] {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const blocks = certificatesIn(pem)
  if (isBrokenOff(pem)) {
    problems.push({ code: 'E061', file, message: 'must hold whole certificates in PEM, found one that has no end' })
  } else if (blocks.length === 0) {
    const found = KEY.test(pem.toString('latin1')) ? 'a private key' : 'none'
    problems.push({ code: 'E061', file, message: `must hold a certificate in PEM, found ${found}` })
  }
  return blocks.flatMap((block, index) => {
    try {
      return [new X509Certificate(block)]
    } catch (cause) {
      const which = blocks.length === 1 ? 'the one it holds' : `number ${index + 1} of ${blocks.length}`
      const message = `must hold certificates in PEM, ${which} cannot be read: ${(cause as Error).message}`
      problems.push({ code: 'E061', file, message })
      return []
    }
  })
}

function readKey(pem: Buffer, problems: TlsProblem[]): KeyObject | undefined {
  try {
    return process.getBuiltinModule('node:crypto').createPrivateKey(pem)
  } catch (cause) {
    problems.push({ code: 'E061', file: 'key', message: `must hold a private key in PEM, ${whyNoKey(pem, cause)}` })
    return undefined
  }
}

function whyNoKey(pem: Buffer, cause: unknown): string {
  const text = pem.toString('latin1')
  if (LOCKED.test(text)) return 'found one that is locked by a pass phrase: unlock it (openssl pkey)'
  if (KEY.test(text)) return `the one it holds cannot be read: ${(cause as Error).message}`
  return certificatesIn(pem).length === 0 ? 'found none' : 'found a certificate'
}

function checkPair(chain: readonly X509Certificate[], key: KeyObject, problems: TlsProblem[]): void {
  const own = chain.findIndex((certificate) => certificate.checkPrivateKey(key))
  if (own === 0 || chain.length === 0) return
  const found =
    own > 0
      ? `found that of certificate ${own + 1} of the file beside it: the key's own certificate must be the first`
      : `found the key of another one (the certificate is ${nameOf(chain[0] as X509Certificate)})`
  problems.push({ code: 'E062', file: 'key', message: `must be the key of the first certificate under cert, ${found}` })
}

function checkChain(chain: readonly X509Certificate[], problems: TlsProblem[]): void {
  for (const [index, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[index + 1] as X509Certificate
    if (certificate.checkIssued(issuer)) continue
    const message =
      `must have each certificate issued by the next, found ${nameOf(certificate)} (issued by ` +
      `${oneLine(certificate.issuer)}) before ${nameOf(issuer)}`
    problems.push({ code: 'W015', file: 'cert', message })
    return
  }
}

/** Of several CAs one that has expired is no harm. */
function checkTimes(file: File, all: readonly X509Certificate[], now: number, problems: TlsProblem[]): void {
  const outside = all.filter(({ validFrom, validTo }) => now < Date.parse(validFrom) || now > Date.parse(validTo))
  const [first] = outside
  if (first === undefined || outside.length < all.length) return
  const when = now > Date.parse(first.validTo) ? `it expired on ${first.validTo}` : `it holds from ${first.validFrom}`
  problems.push({
    code: 'W014',
    file,
    message: `must hold a certificate that is in its time, ${nameOf(first)}: ${when}`,
  })
}

function nameOf({ subject, subjectAltName }: X509Certificate): string {
  return oneLine(subject || subjectAltName || 'a certificate without a name')
}

/** Node gives distinguished names a line for each part. */
function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}

/** What OpenSSL makes of all of it together: it refuses, for instance, keys that are too short. */
function assemble(
  cert: Buffer | undefined,
  key: Buffer | undefined,
  ca: TlsContents['ca'],
  problems: TlsProblem[],
): TlsContents | undefined {
  const options = { cert, key, ca: Buffer.isBuffer(ca) || ca === undefined ? ca : [...ca], ...TERMS }
  try {
    return { cert, key, ca, context: tls().createSecureContext(options) }
  } catch (cause) {
    const file = cert === undefined ? 'ca' : 'cert'
    problems.push({ code: 'E061', file, message: `must be usable by OpenSSL, which says: ${(cause as Error).message}` })
    return undefined
  }
}
