/** Why a connection could not be made, in our words. */
import type { Reason } from '../core/errors.ts'

export function connectReason(error: NodeJS.ErrnoException | undefined): Reason {
  const code = error?.code
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns_failure'
  return 'connect_failure'
}
