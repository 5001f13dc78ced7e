/** An answer of the API server that is no success. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number
  /** The API's own word: `NotFound`, `Conflict`, `Expired` …; '' where it gave none. */
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
  }

  /** `text`: the body, a Status object where the API server itself answered. */
  static of(what: string, status: number, text: string): ApiError {
    const { reason = '', message = text.slice(0, 200) } = statusOf(text)
    return new ApiError(status, reason, `${what}: ${status} ${message === '' ? reason : message}`)
  }
}

/** Whether an error is the API's word `status`. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status
}

function statusOf(text: string): { reason?: string; message?: string } {
  try {
    const status = JSON.parse(text) as { kind?: unknown; reason?: string; message?: string }
    return status?.kind === 'Status' ? status : {}
  } catch {
    return {}
  }
}
