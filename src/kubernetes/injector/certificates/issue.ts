/** Certificates of our own: a CA, and what it signs for one server. ECDSA P-256, in PEM. */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Issued } from './issued.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const USES: KeyUsage[] = ['sign', 'verify']
/** ms by which clocks of others may be behind ours; of a certificate that lives for minutes, a tenth of its life. */
const SKEW = 5 * 60_000

function notBefore(now: number, lifetime: number): Date {
  return new Date(now - Math.min(SKEW, lifetime / 10))
}

cryptoProvider.set(webcrypto as unknown as Crypto)

/** `lifetime` in ms from `now`, ms since 1970. */
export async function issueAuthority(name: string, now: number, lifetime: number): Promise<Issued> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    notBefore: notBefore(now, lifetime),
    notAfter: new Date(now + lifetime),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(certificate), key: await pemKey(keys.privateKey) }
}

/** For a server of these names; never longer than the CA itself. */
export async function issueServing(
  ca: Issued,
  names: readonly string[],
  now: number,
  lifetime: number,
): Promise<Issued> {
  const authority = new X509Certificate(ca.cert)
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${names[0]}`,
    issuer: authority.subject,
    notBefore: notBefore(now, lifetime),
    notAfter: new Date(Math.min(now + lifetime, authority.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: await privateKey(ca.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pem(certificate), key: await pemKey(keys.privateKey) }
}

type KeyUsage = 'sign' | 'verify'
type CryptoKeyPair = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }

function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, USES) as Promise<CryptoKeyPair>
}

/** 16 random bytes, the first below 128: a positive number (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] as number) & 0x7f) | 1
  return Buffer.from(bytes).toString('hex')
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`
}

async function pemKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key as never))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

function privateKey(text: string): Promise<CryptoKey> {
  const der = Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']) as Promise<CryptoKey>
}
