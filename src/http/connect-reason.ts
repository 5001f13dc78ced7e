/** Why a connection could not be made, in our words. */
import type { Reason } from '../core/errors.ts'

export function connectReason(error: NodeJS.ErrnoException | undefined): Reason {
  const code = error?.code
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns_failure'
  // A look-up of ours, which found that the name leads back here.
  if (code === 'ELOOP') return 'loop_detected'
  return 'connect_failure'
}
