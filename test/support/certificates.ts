/** X.509 certificates made on the spot (RFC 5280): a CA, what it issues, and their keys, all in PEM. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { isIP } from 'node:net'

export interface Issued {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** DNS names and addresses in the subjectAltName. */
  readonly names?: readonly string[]
  /** Common name of the subject; default: the first of `names`. */
  readonly subject?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const DAY = 86_400_000

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
}

/** The file of an authority is what goes under `ca`; `issue` signs for others. */
export class Authority {
  readonly cert: string
  readonly key: string
  readonly #name: string
  readonly #privateKey: KeyObject
  readonly #keyId: Buffer

  /** A root, or with `issuer` an intermediate. */
  constructor(name: string, issuer?: Authority) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#name = name
    this.#privateKey = privateKey
    this.#keyId = keyId(publicKey)
    this.key = pemKey(privateKey)
    this.cert = (issuer ?? this).#sign(publicKey, name, basicConstraints(), {})
  }

  issue(options: CertificateOptions = {}): Issued {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const names = options.names ?? ['localhost', '127.0.0.1']
    const alt = names.length === 0 ? Buffer.alloc(0) : subjectAltName(names)
    return { cert: this.#sign(publicKey, options.subject ?? names[0] ?? '', alt, options), key: pemKey(privateKey) }
  }

  #sign(publicKey: KeyObject, subject: string, special: Buffer, options: CertificateOptions): string {
    const from = options.notBefore ?? new Date(Date.now() - DAY)
    const to = options.notAfter ?? new Date(Date.now() + DAY)
    const algorithm = sequence(oid(OID.ecdsaWithSha256))
    const extensions = [
      special,
      extension(OID.subjectKeyId, tlv(0x04, keyId(publicKey))),
      extension(OID.authorityKeyId, sequence(tlv(0x80, this.#keyId))),
    ]
    const body = sequence(
      tlv(0xa0, tlv(0x02, Buffer.from([2]))),
      tlv(0x02, Buffer.concat([Buffer.from([1]), keyId(publicKey).subarray(0, 8)])),
      algorithm,
      distinguishedName(this.#name),
      sequence(time(from), time(to)),
      distinguishedName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tlv(0xa3, sequence(...extensions)),
    )
    return pem('CERTIFICATE', sequence(body, algorithm, bits(sign('sha256', body, this.#privateKey))))
  }
}

/** A key that no certificate belongs to. */
export function strayKey(): string {
  return pemKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

/** The same key, locked by a pass phrase. */
export function lockedKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string
}

function pemKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

function pem(label: string, der: Buffer): string {
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

/** RFC 5280 §4.2.1.2, the first method. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function basicConstraints(): Buffer {
  const isCa = tlv(0x01, Buffer.from([0xff]))
  return extension(OID.basicConstraints, sequence(isCa))
}

function subjectAltName(names: readonly string[]): Buffer {
  const each = names.map((name) => (isIP(name) === 4 ? tlv(0x87, address(name)) : tlv(0x82, Buffer.from(name))))
  return extension(OID.subjectAltName, sequence(...each))
}

function address(name: string): Buffer {
  return Buffer.from(name.split('.').map(Number))
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(0x04, value))
}

function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid(OID.commonName), tlv(0x0c, Buffer.from(name)))))
}

/** UTCTime: good until 2049. */
function time(date: Date): Buffer {
  return tlv(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
}

function bits(value: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), value]))
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts))
}

/** Tag, length, value (X.690). */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), value])
}
