/** What the sources use and the oldest Node that the bundle promises to run on has not got. Goes first in the bundle. */
Promise.withResolvers ??= function withResolvers<T>() {
  let resolve!: (value: T | PromiseLike<T>) => void
  let reject!: (reason?: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** What arrays, maps and sets hand out inherits from this. */
const iterators: { toArray?: () => unknown[] } = Object.getPrototypeOf(Object.getPrototypeOf([].values()))

iterators.toArray ??= function toArray(this: Iterable<unknown>) {
  return [...this]
}
