/** What commands say of an admin listener that does not give what they asked for. */
import type { Address } from './admin-client.ts'

/** Bytes of a refusal that are read. */
const LIMIT = 10_000

export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Why nothing came of a request, as a sentence. */
export function failureOf(address: Address, error: NodeJS.ErrnoException): string {
  const where = addressText(address)
  switch (error.code) {
    case 'ECONNREFUSED':
      return `nothing listens on ${where}: is the sidecar running, and is that its admin listener?`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${where}: the name could not be resolved`
    case 'ECONNRESET':
      return `${where} has ended the connection`
    default:
      return error.code?.startsWith('HPE_') === true ? `${where} does not speak HTTP` : `${where}: ${error.message}`
  }
}

export interface Refusal {
  readonly reason: string
  readonly message: string
}

/** What an admin listener refuses it says why; `told` gets undefined from somebody else, who speaks in his own way. */
export function readRefusal(answer: NodeJS.ReadableStream, told: (refusal: Refusal | undefined) => void): void {
  let text = ''
  answer.on('data', (piece: string) => {
    if (text.length < LIMIT) text += piece
  })
  answer.on('end', () => told(refusalIn(text)))
}

function refusalIn(text: string): Refusal | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: Partial<Refusal> }
    return error?.message === undefined ? undefined : { reason: error.reason ?? '', message: error.message }
  } catch {
    return undefined
  }
}
