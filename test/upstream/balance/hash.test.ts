import t from 'tap'
import { Hash, winnerOf } from '../../../src/upstream/balance/hash.ts'
import { hashOf } from '../../../src/upstream/balance/hash-of.ts'
import { LeastRequest } from '../../../src/upstream/balance/least-request.ts'
import { Seeded } from '../../support/seeded.ts'
import { requestHead } from '../../support/stubs.ts'
import { asEndpoints, type House, house, pick } from './town.ts'

const KEYS = Array.from({ length: 20_000 }, (_, i) => `user-${i}`)

function placesOf(houses: readonly House[]): string[] {
  return KEYS.map((key) => winnerOf(asEndpoints(houses), hashOf(key)).address)
}

function balancer() {
  return new Hash('x-user', new LeastRequest(new Seeded(1)))
}

function from(user: string) {
  return requestHead({ headers: ['X-User', user] })
}

t.test('hashOf() is the same in every version of ours', async (t) => {
  t.strictSame(['', 'a', 'user-1', '10.0.0.1:8080'].map(hashOf), [2872998923, 444641715, 2005895916, 3150401971])
})

t.test('winnerOf() spreads keys evenly', async (t) => {
  const houses = Array.from({ length: 10 }, (_, i) => house(i + 1))
  const places = placesOf(houses)
  for (const { address } of houses) {
    const share = places.filter((place) => place === address).length
    t.ok(share > 1800 && share < 2200, `${address}: ${share} of 20000`)
  }
})

t.test('winnerOf() spreads keys by weight', async (t) => {
  const houses = [house(1, 5), house(2, 3), house(3, 2)]
  const places = placesOf(houses)
  for (const { address, weight } of houses) {
    const share = places.filter((place) => place === address).length
    t.ok(Math.abs(share - weight * 2000) < 400, `${address} of weight ${weight}: ${share} of 20000`)
  }
})

t.test('winnerOf(): an endpoint that leaves moves its own keys, and no others', async (t) => {
  const houses = Array.from({ length: 10 }, (_, i) => house(i + 1))
  const gone = houses[3]!.address
  const before = placesOf(houses)
  const after = placesOf(houses.filter(({ address }) => address !== gone))
  const moved = KEYS.filter((_, i) => before[i] !== after[i]).length
  t.equal(moved, before.filter((place) => place === gone).length)
  t.ok(moved > 1800 && moved < 2200, `${moved} of 20000`)
  const heirs = new Set(after.filter((_, i) => before[i] === gone))
  t.equal(heirs.size, 9, 'all others share them')
})

t.test('winnerOf(): an endpoint that comes takes its share, and nothing else moves', async (t) => {
  const houses = Array.from({ length: 9 }, (_, i) => house(i + 1))
  const before = placesOf(houses)
  const after = placesOf([...houses, house(10)])
  t.ok(after.every((place, i) => place === before[i] || place === '10.0.0.10:8080'))
  const moved = after.filter((place, i) => place !== before[i]).length
  t.ok(moved > 1800 && moved < 2200, `${moved} of 20000`)
})

t.test('winnerOf() asks for no order', async (t) => {
  const houses = Array.from({ length: 5 }, (_, i) => house(i + 1))
  t.strictSame(placesOf(houses), placesOf(houses.toReversed()))
})

t.test('Hash sends a key to one endpoint, and to its second-best while that may not be used', async (t) => {
  const houses = [house(1), house(2), house(3)]
  for (let i = 0; i < 20; i++) {
    const request = from(`user-${i}`)
    const home = pick(balancer(), houses, 0, request)
    t.equal(pick(balancer(), houses, 1e6, request), home)
    const rest = houses.filter((one) => one !== home)
    const second = pick(balancer(), rest, 0, request)
    t.equal(pick(balancer(), rest, 0, request), second)
    t.not(second, home)
  }
})

t.test('Hash knows no slow start: a key has one place', async (t) => {
  const houses = [house(1), house(2), house(3)]
  const home = pick(balancer(), houses, 1000, from('ann'))
  home.warmingSince = 1000
  for (let i = 0; i < 50; i++) t.equal(pick(balancer(), houses, 1000 + i, from('ann')), home)
})

t.test('Hash without the header: where fewer requests are in flight', async (t) => {
  const houses = [house(1), house(2)]
  houses[0]!.active = 1
  for (const request of [requestHead(), from('')]) t.equal(pick(balancer(), houses, 0, request), houses[1])
})

t.test('Hash on host takes the authority', async (t) => {
  const houses = Array.from({ length: 8 }, (_, i) => house(i + 1))
  const hash = new Hash('host', new LeastRequest(new Seeded(2)))
  const places = new Set(Array.from({ length: 50 }, () => pick(hash, houses)))
  t.equal(places.size, 1)
})
