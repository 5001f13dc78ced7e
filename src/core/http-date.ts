/** A date as fields have it, in any of the three forms a recipient must take (RFC 9110 §5.6.7). */
// cold file: read for what is rare, an answer that asks for patience or a copy that is taken out

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const TIME = '([0-9]{2}):([0-9]{2}):([0-9]{2})'
const DATES = {
  /** Sun, 06 Nov 1994 08:49:37 GMT */
  imf: new RegExp(`^[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ${TIME} GMT$`),
  /** Sunday, 06-Nov-94 08:49:37 GMT */
  rfc850: new RegExp(`^[A-Z][a-z]{5,8}, ([0-9]{2})-([A-Z][a-z]{2})-([0-9]{2}) ${TIME} GMT$`),
  /** Sun Nov  6 08:49:37 1994 */
  asctime: new RegExp(`^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ 0-9][0-9]) ${TIME} ([0-9]{4})$`),
}

/** ms since 1970; undefined: none of the forms. `wallTime` says which century two digits are of. */
export function httpDate(text: string, wallTime: number): number | undefined {
  const imf = DATES.imf.exec(text)
  if (imf !== null) return utc(Number(imf[3]), imf[2], imf[1], imf[4], imf[5], imf[6])
  const old = DATES.rfc850.exec(text)
  if (old !== null) return utc(fullYear(Number(old[3]), wallTime), old[2], old[1], old[4], old[5], old[6])
  const c = DATES.asctime.exec(text)
  if (c !== null) return utc(Number(c[6]), c[1], c[2], c[3], c[4], c[5])
  return undefined
}

function utc(year: number, month = '', day = '', hour = '', minute = '', second = ''): number | undefined {
  const index = MONTHS.indexOf(month)
  const fits = index >= 0 && Number(day) >= 1 && Number(day) <= 31 && Number(hour) < 24 && Number(minute) < 60
  if (!fits || Number(second) > 60) return undefined
  return Date.UTC(year, index, Number(day), Number(hour), Number(minute), Number(second))
}

/** Two digits that would lie more than 50 years ahead mean the century before (RFC 9110 §5.6.7). */
function fullYear(twoDigits: number, wallTime: number): number {
  const thisYear = new Date(wallTime).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}
