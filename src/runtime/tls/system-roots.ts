/** Whom the system believes, for a Service that names no CA. */
import { readFileSync } from 'node:fs'
import { tls } from '../../net/lazy-tls.ts'

/** Where distributions keep them in one file: Debian and Alpine, Fedora, SUSE. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
] as const

let known: Buffer | readonly string[] | undefined

/** Read once. undefined: the system has none, as in an image from nothing; then Node's own list is in force. */
export function systemRoots(): Buffer | readonly string[] | undefined {
  known ??= asked() ?? found()
  return known
}

/** Node 22.15 and later know, SSL_CERT_FILE and SSL_CERT_DIR included. */
function asked(): readonly string[] | undefined {
  const { getCACertificates } = tls() as Partial<ReturnType<typeof tls>>
  const roots = getCACertificates?.('system') ?? []
  return roots.length > 0 ? roots : undefined
}

function found(): Buffer | undefined {
  for (const path of BUNDLES) {
    try {
      return readFileSync(path)
    } catch {
      // Another distribution's place.
    }
  }
  return undefined
}
