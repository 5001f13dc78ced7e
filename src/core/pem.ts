/** Certificates in PEM (RFC 7468), as files have them: several, with text around them, and not always a line of their own for each. */
// cold file: when certificates are read

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g
const BEGINNING = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** Each as it stands there. */
export function certificatesIn(pem: Buffer): string[] {
  return pem.toString('latin1').match(CERTIFICATE) ?? []
}

/** Some that begin have no end: the file is not whole. */
export function isBrokenOff(pem: Buffer): boolean {
  return (pem.toString('latin1').match(BEGINNING) ?? []).length > certificatesIn(pem).length
}

/**
 * The certificates and nothing else, each on lines of its own. Of CAs OpenSSL takes those before the first line that it cannot read, and
 * says nothing of the rest: where a file without a last newline was put before another, such a line is their seam, and it takes none.
 */
export function tidyCertificates(pem: Buffer): Buffer {
  return Buffer.from(`${certificatesIn(pem).join('\n')}\n`, 'latin1')
}
