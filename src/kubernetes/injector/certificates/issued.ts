/** A certificate with its key, in PEM, and what is read of it without a package. */
import { X509Certificate } from 'node:crypto'

export interface Issued {
  readonly cert: string
  readonly key: string
}

export interface Validity {
  /** ms since 1970. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Of the first certificate. Throws where it is none. */
export function validityOf(cert: string): Validity {
  const { validFrom, validTo } = new X509Certificate(cert)
  return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) }
}

/** When it is time for another: at two thirds of its life. */
export function renewalOf({ notBefore, notAfter }: Validity): number {
  return notBefore + ((notAfter - notBefore) * 2) / 3
}

/** Whether a certificate was signed by this CA. False where either is none. */
export function isSignedBy(cert: string, ca: string): boolean {
  try {
    return new X509Certificate(cert).verify(new X509Certificate(ca).publicKey)
  } catch {
    return false
  }
}
