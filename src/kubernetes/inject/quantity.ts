/** `resource.Quantity`: which of two is more. */

const UNITS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** undefined where it is no quantity. */
function quantityOf(text: string | number): number | undefined {
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|[MGTPE]|[KMGTPE]i)?$/.exec(String(text))
  if (match === null) return undefined
  const value = Number(match[1]) * (UNITS[match[2] ?? ''] as number)
  return Number.isNaN(value) ? undefined : value
}

/** Below 0, 0, above 0; what cannot be read is equal to nothing and more than everything. */
export function compareQuantities(a: string | number, b: string | number): number {
  const [left, right] = [quantityOf(a) ?? Number.POSITIVE_INFINITY, quantityOf(b) ?? Number.POSITIVE_INFINITY]
  return left === right ? 0 : left - right
}
