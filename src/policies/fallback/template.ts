/** The body of a static answer: text with `${name}` in it, escaped for its content type. */

/** Makes a value safe to stand where it stands. */
export type Escape = (value: string) => string

/** Text and names in turn: text, name, text, name, …, text. */
export type Template = readonly string[]

/** What is no name in braces behind a dollar sign is text. */
export function parseTemplate(body: string): Template {
  const parts: string[] = []
  let text = ''
  let at = 0
  while (at < body.length) {
    const open = body.indexOf('${', at)
    const close = open < 0 ? -1 : body.indexOf('}', open)
    if (close < 0) break
    const name = body.slice(open + 2, close)
    if (isName(name)) {
      parts.push(text + body.slice(at, open), name)
      text = ''
      at = close + 1
    } else {
      text += body.slice(at, open + 2)
      at = open + 2
    }
  }
  parts.push(text + body.slice(at))
  return parts
}

/** As the loader lets stand in a path pattern: a letter or `_`, then letters, digits, `_` and `-`. */
function isName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
    const later = (code >= 48 && code <= 57) || code === 45
    if (!letter && (i === 0 || !later)) return false
  }
  return text !== ''
}

/** For JSON and scripts inside a string literal, for markup as text, for forms percent-encoded, else as it is. */
export function escapeFor(contentType: string): Escape {
  const end = contentType.indexOf(';')
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (type.endsWith('json') || type.endsWith('javascript') || type === 'text/event-stream') return inString
  if (type.endsWith('html') || type.endsWith('xml')) return inMarkup
  if (type === 'application/x-www-form-urlencoded') return inForm
  return asItIs
}

/** Without its quotes; `<` as well, because scripts stand in pages. Half a surrogate pair becomes U+FFFD. */
function inString(value: string): string {
  return JSON.stringify(value.toWellFormed()).slice(1, -1).replaceAll('<', '\\u003c')
}

function inMarkup(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function inForm(value: string): string {
  return encodeURIComponent(value.toWellFormed())
}

function asItIs(value: string): string {
  return value
}
