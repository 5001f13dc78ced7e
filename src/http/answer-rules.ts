/** What follows the head of an answer, by its request and its status, in either version of HTTP. */

/** No body, whatever its fields say (RFC 9110 §6.4.1). */
export function isBodiless(isHead: boolean, status: number): boolean {
  return isHead || status === 204 || status === 304
}

/** Bytes in both directions: a 101, or a 2xx to CONNECT (RFC 9110 §7.8, §9.3.6). */
export function opensTunnel(isConnect: boolean, status: number): boolean {
  return status === 101 || (isConnect && status >= 200 && status < 300)
}
