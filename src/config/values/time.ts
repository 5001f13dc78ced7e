/** A moment: date, time and zone, all of them (RFC 3339). */
import { type Parsed, parsed, unreadable } from './parsed.ts'

const MUST = 'a time such as 2026-12-31T00:00:00Z'

const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const CLOCK = '[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?'
const ZONE = '(?:Z|[+-][0-9]{2}:[0-9]{2})'

export const TIME_PATTERN = `^${DATE}T${CLOCK}${ZONE}$`

const WHOLE = new RegExp(TIME_PATTERN)
const WITHOUT_ZONE = new RegExp(`^${DATE}T${CLOCK}$`)
const DATE_ALONE = new RegExp(`^${DATE}$`)

/** ms since 1970. */
export function parseTime(text: string): Parsed<number> {
  if (WHOLE.test(text)) {
    const time = Date.parse(text)
    // The 31st of February is taken for the 3rd of March by whoever is not asked again.
    return Number.isNaN(time) || !isDay(text.slice(0, 10)) ? unreadable(MUST, 'there is no such time') : parsed(time)
  }
  const upper = text.toUpperCase().replace(' ', 'T')
  if (WHOLE.test(upper)) return unreadable(MUST, `write ${upper}`)
  if (WITHOUT_ZONE.test(upper)) return unreadable(MUST, `say in which zone: write ${upper}Z for UTC`)
  return unreadable(MUST, DATE_ALONE.test(text) ? `write ${text}T00:00:00Z for its beginning in UTC` : '')
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
}

/** In UTC, without broken seconds where there are none. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
