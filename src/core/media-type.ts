/** Media types of `content-type` (RFC 9110 §8.3.1): the type without what follows it. */

/** Whether `value` is `type`, which is lower case, alone or with a parameter behind it. */
export function isMediaType(value: string, type: string): boolean {
  return startsWith(value, type) && (value.length === type.length || endsType(value.charCodeAt(type.length)))
}

/** The same, or `type` with a format of its own behind a plus, such as `application/grpc+proto`. */
export function isMediaTypeOrFormat(value: string, type: string): boolean {
  return isMediaType(value, type) || (value.charCodeAt(type.length) === 43 && startsWith(value, type))
}

function startsWith(value: string, type: string): boolean {
  return value.startsWith(type) || (value.length >= type.length && value.slice(0, type.length).toLowerCase() === type)
}

/** Semicolon, blank or tab. */
function endsType(code: number): boolean {
  return code === 59 || code === 32 || code === 9
}
