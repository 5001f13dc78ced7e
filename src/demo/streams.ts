/** What the shop's customers do: place orders, and look at orders that are there. */
import type { Stream } from './load.ts'

export function shopStreams({ gets, posts }: { readonly gets: number; readonly posts: number }): Stream[] {
  return [
    {
      name: 'GET',
      perSecond: gets,
      make: (sequence) => ({ method: 'GET', path: `/api/orders/O-${(sequence % 100) + 1}` }),
    },
    {
      name: 'POST',
      perSecond: posts,
      make: (sequence) => ({
        method: 'POST',
        path: '/api/orders',
        body: `{"userId":"u-${sequence % 50}","sku":"sku-${sequence % 20}","quantity":1}`,
      }),
    },
  ]
}
