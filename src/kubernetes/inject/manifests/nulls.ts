/**
 * A field that holds nothing is, to Kubernetes, one that is not there; templates leave many of them behind. They are taken out
 * before anybody looks at an object, and put back where nobody gave them a value, so that their lines stay.
 */
type Mapping = Readonly<Record<string, unknown>>

/** The very object where it has none. */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) {
    const items = value.map(withoutNulls)
    return items.every((item, at) => item === value[at]) ? value : (items as T)
  }
  if (!isMapping(value)) return value
  const entries = Object.entries(value)
  const bare = entries.filter(([, inner]) => inner !== null).map(([key, inner]) => [key, withoutNulls(inner)] as const)
  const all = bare.length === entries.length && bare.every(([key, inner]) => inner === value[key])
  return all ? value : (Object.fromEntries(bare) as T)
}

/** `was` with its nulls, `now` without them and changed. Items of lists are the same where their name is. */
export function withNulls(was: unknown, now: unknown): unknown {
  if (Array.isArray(was) && Array.isArray(now)) return now.map((item) => withNulls(counterpart(was, item), item))
  if (!isMapping(was) || !isMapping(now)) return now
  const out = Object.entries(now).map(([key, inner]) => [key, withNulls(was[key], inner)] as const)
  const nulls = Object.entries(was).filter(([key, inner]) => inner === null && now[key] === undefined)
  return Object.fromEntries([...out, ...nulls])
}

function counterpart(list: readonly unknown[], item: unknown): unknown {
  if (!isMapping(item) || item['name'] === undefined) return undefined
  return list.find((one) => isMapping(one) && one['name'] === item['name'])
}

function isMapping(value: unknown): value is Mapping {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
