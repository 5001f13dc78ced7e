import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { readHost } from '../../src/routing/host-name.ts'
import { HostTable } from '../../src/routing/hosts.ts'

function table(hosts: readonly string[], defaultPort = 80): (authority: string) => string | undefined {
  const table = new HostTable<{ host: string }>(defaultPort)
  for (const host of hosts) table.add(host, { host })
  // Twice: what the cache says the second time is what was found the first.
  return (authority) => {
    const first = table.lookup(authority)?.host
    return table.lookup(authority)?.host === first ? first : 'the cache disagrees'
  }
}

t.test('lookup() finds a plain name on every port, whatever its case and trailing dot', (t) => {
  const lookup = table(['inventory'])
  for (const authority of ['inventory', 'INVENTORY', 'inventory.', 'inventory:80', 'inventory:8080', 'Inventory.:1']) {
    t.equal(lookup(authority), 'inventory', authority)
  }
  for (const authority of [
    '',
    ':80',
    '.',
    'inventory.shop',
    'xinventory',
    'inventory:',
    'inventory:http',
    'inventory:1:2',
  ]) {
    t.equal(lookup(authority), authority === 'inventory:' ? 'inventory' : undefined, authority)
  }
  t.end()
})

t.test('lookup() prefers name:port to name, and takes the default port where none is said', (t) => {
  const lookup = table(['shop', 'shop:8080', 'pay:80', 'pay2:443'])
  t.equal(lookup('shop:8080'), 'shop:8080')
  t.equal(lookup('shop:8081'), 'shop')
  t.equal(lookup('pay'), 'pay:80')
  t.equal(lookup('pay:80'), 'pay:80')
  t.equal(lookup('pay:8080'), undefined)
  t.equal(lookup('pay2'), undefined)
  t.equal(table(['pay2:443'], 443)('pay2'), 'pay2:443')
  t.end()
})

t.test('lookup() takes the longest suffix after exact names', (t) => {
  const lookup = table(['*.test', '*.shop.test', '*.shop.test:8080', 'a.shop.test', '*.test:9090'])
  t.equal(lookup('a.shop.test'), 'a.shop.test')
  t.equal(lookup('a.shop.test:8080'), 'a.shop.test')
  t.equal(lookup('b.shop.test'), '*.shop.test')
  t.equal(lookup('B.Shop.Test:8080'), '*.shop.test:8080')
  t.equal(lookup('b.shop.test:9090'), '*.shop.test', 'a longer suffix beats a port')
  t.equal(lookup('c.b.shop.test.'), '*.shop.test')
  t.equal(lookup('shop.test'), '*.test')
  t.equal(lookup('x.test:9090'), '*.test:9090')
  t.equal(lookup('test'), undefined, 'a suffix has something before it')
  t.equal(lookup('xshop.test'), '*.test')
  t.end()
})

t.test('lookup() knows an IPv6 address in every spelling', (t) => {
  const lookup = table(['[::1]', '[fd00::8]:8080'])
  t.equal(lookup('[0:0:0:0:0:0:0:1]:99'), '[::1]')
  t.equal(lookup('[FD00:0::8]:8080'), '[fd00::8]:8080')
  t.equal(lookup('[fd00::8]'), undefined)
  for (const authority of ['[::1', '::1', '[]', '[::1]x', '[zz]']) t.equal(lookup(authority), undefined, authority)
  t.end()
})

t.test('lookup() holds no more than a bounded number of the names it is asked for', (t) => {
  const table = new HostTable<{ host: string }>(80)
  table.add('*.shop.test', { host: 'shop' })
  table.add('inventory', { host: 'inventory' })
  gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 100_000; i++) {
    table.lookup(`tenant-${i}.shop.test`)
    table.lookup(`unknown-${i}-${'x'.repeat(100)}`)
  }
  for (let i = 0; i < 100; i++) table.lookup(`${i}${'x'.repeat(60_000)}`)
  gc()
  t.ok(process.memoryUsage().heapUsed - before < 2_000_000)
  t.equal(table.lookup('inventory')?.host, 'inventory')
  t.equal(table.lookup('tenant-1.shop.test')?.host, 'shop')
  t.end()
})

t.test('readHost() refuses ports past 65535', (t) => {
  t.strictSame(readHost('a:65535'), { host: 'a', port: 65535 })
  t.equal(readHost('a:65536'), undefined)
  t.equal(readHost('a:99999999999'), undefined)
  t.end()
})

/** The engine's own collection, so that the measure is what is held. */
function gc(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
