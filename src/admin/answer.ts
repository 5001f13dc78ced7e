/** What the admin listener answers with. */

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** For `Allow`; '' none. */
  readonly allow: string
}

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Laid out for people: these are read with curl. */
export function json(status: number, value: unknown): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value, sayable, 2)}\n`, allow: '' }
}

export function text(status: number, body: string, type = TEXT_TYPE): Answer {
  return { status, type, body, allow: '' }
}

/** `message` is a sentence for whoever asked. */
export function refusal(status: number, reason: string, message: string): Answer {
  return json(status, { error: { reason, message } })
}

export function notAllowed(allow: string): Answer {
  return { ...refusal(405, 'method_not_allowed', `this path takes ${allow}`), allow }
}

/** JSON has no word for "without bound". */
function sayable(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'none' : value
}
