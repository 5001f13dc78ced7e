/** Until when certificates hold. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import type { CertificateSample } from '../sources.ts'
import { type Family, gauge, type Sample, sample } from './family.ts'

export function certificateFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_certificate_not_after_timestamp_seconds', 'When a certificate in force ends.', () =>
      times(registry, (it) => it.notAfter),
    ),
    gauge('outrigger_certificate_not_before_timestamp_seconds', 'From when on a certificate in force holds.', () =>
      times(registry, (it) => it.notBefore),
    ),
  ]
}

function times(registry: Registry, of: (it: CertificateSample) => number): Sample[] {
  return Array.from(registry.sources?.certificates?.() ?? [], (it) => {
    const { direction, service: destination, part, file } = it
    return sample(of(it) / 1000, { direction, destination, part, file })
  })
}
