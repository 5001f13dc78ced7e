import t from 'tap'
import { CacheAccount, type Evictable } from '../../src/core/cache-account.ts'

class Thing implements Evictable {
  readonly name: string
  readonly bytes: number
  readonly #gone: string[]

  constructor(account: CacheAccount, name: string, bytes: number, gone: string[]) {
    this.name = name
    this.bytes = bytes
    this.#gone = gone
    if (account.take(bytes)) account.keep(this)
  }

  evicted(): void {
    this.#gone.push(this.name)
  }
}

t.test('take() evicts what was used least recently, as much as it needs and no more', async (t) => {
  const account = new CacheAccount(100)
  const gone: string[] = []
  const [a, b] = ['a', 'b', 'c'].map((name) => new Thing(account, name, 30, gone)) as [Thing, Thing, Thing]
  account.touch(a)
  t.ok(account.take(40))
  t.same(gone, ['b'])
  t.equal(account.used, 100)
  account.drop(b)
  account.touch(b)
  t.equal(account.used, 100, 'what was evicted is no longer there to be dropped')
  account.drop(a)
  t.equal(account.used, 70)
})

t.test('take() refuses what never fits, and what only things being gathered stand in the way of', async (t) => {
  const account = new CacheAccount(100)
  const gone: string[] = []
  new Thing(account, 'a', 30, gone)
  t.notOk(account.take(101))
  t.same(gone, [], 'nothing goes for it')
  t.ok(account.take(60))
  t.notOk(account.take(50))
  t.equal(account.used, 60)
  account.give(60)
  t.equal(account.used, 0)
})

t.test('an account of 0 keeps nothing', async (t) => {
  const account = new CacheAccount(0)
  t.notOk(account.take(1))
  t.equal(account.used, 0)
})
