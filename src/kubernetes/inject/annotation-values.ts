/** How lists in annotations are written. */

/** Ports and ranges with commas between them. */
export const PORTS_LIST = '^[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*$'

/** Without the empty ones. */
export function listed(text: string): string[] {
  return text.split(',').filter((item) => item !== '')
}

/** `100m/500m`: request and limit. */
export function amountIn(text: string): { readonly request: string; readonly limit: string | undefined } {
  const [request = '', limit] = text.split('/')
  return { request, limit }
}
