/** From when until when the certificates in force hold, for the metric: parsed at the first look after they were read. */
import { certificatesIn } from '../../core/pem.ts'
import type { CertificateSample } from '../../telemetry/index.ts'
import type { TlsFiles } from '../../config/build/tls.ts'
import type { TlsContents } from '../../net/tls-material.ts'

/** ms since 1970. */
interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

interface Parts {
  /** undefined: the side shows none. */
  readonly certificate: Validity | undefined
  /** undefined: the system's roots, or nobody is asked for one. */
  readonly ca: Validity | undefined
}

const known = new WeakMap<TlsContents, Parts>()

/** One sample per file. */
export function validities(
  { cert, ca }: TlsFiles,
  contents: TlsContents,
  of: Pick<CertificateSample, 'direction' | 'service'>,
): CertificateSample[] {
  const parts = partsOf(contents, ca !== '')
  const samples: CertificateSample[] = []
  if (parts.certificate !== undefined) samples.push({ ...of, part: 'certificate', file: cert, ...parts.certificate })
  if (parts.ca !== undefined) samples.push({ ...of, part: 'ca', file: ca, ...parts.ca })
  return samples
}

function partsOf(contents: TlsContents, ownCa: boolean): Parts {
  const before = known.get(contents)
  if (before !== undefined) return before
  const parts = {
    // A chain ends with whichever of its certificates ends first; of several CAs one that has ended is no harm.
    certificate: contents.cert === undefined ? undefined : validity(contents.cert, Math.min),
    ca: ownCa && Buffer.isBuffer(contents.ca) ? validity(contents.ca, Math.max) : undefined,
  }
  known.set(contents, parts)
  return parts
}

/** Of all certificates in the text, the one that `choose` takes by its end. */
function validity(pem: Buffer, choose: (...ends: number[]) => number): Validity | undefined {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const all = certificatesIn(pem).map((block) => {
    const { validFrom, validTo } = new X509Certificate(block)
    return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) }
  })
  const end = choose(...all.map(({ notAfter }) => notAfter))
  return all.find(({ notAfter }) => notAfter === end)
}
