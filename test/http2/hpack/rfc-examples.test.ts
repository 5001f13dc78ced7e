/** RFC 7541 Appendix C: what its blocks mean, and what stands in the table after each. */
import t, { type Test } from 'tap'
import { Decoder } from '../../../src/http2/hpack/decoder.ts'
import { hex, read } from './read.ts'
import type { Pair } from './reference.ts'

interface Example {
  readonly block: string
  readonly fields: readonly Pair[]
  /** Newest first. */
  readonly table: readonly Pair[]
}

function check(t: Test, tableSize: number, examples: readonly Example[]): void {
  const decoder = new Decoder(tableSize)
  for (const { block, fields, table } of examples) {
    t.strictSame(read(decoder, hex(block)), { fields, problem: '' })
    const references = Buffer.from(table.map((_, i) => 0x80 + 62 + i))
    t.strictSame(read(decoder, references), { fields: table, problem: '' }, 'the table')
    t.not(read(decoder, Buffer.from([0x80 + 62 + table.length])).problem, '', 'it holds no more')
  }
}

const GET: Pair = [':method', 'GET']
const HTTP: Pair = [':scheme', 'http']
const HTTPS: Pair = [':scheme', 'https']
const ROOT: Pair = [':path', '/']
const EXAMPLE: Pair = [':authority', 'www.example.com']
const NO_CACHE: Pair = ['cache-control', 'no-cache']
const CUSTOM: Pair = ['custom-key', 'custom-value']

t.test('C.1: integers', async (t) => {
  const decoder = new Decoder(4096)
  // As table sizes, which have the prefix of five bits that the examples have.
  t.equal(read(decoder, hex('2a')).problem, '', '10')
  t.equal(read(decoder, hex('3f9a0a')).problem, '', '1337')
  t.match(read(new Decoder(1336), hex('3f9a0a')).problem, /1337/)
  t.match(read(new Decoder(9), hex('2a')).problem, /10/)
})

t.test('C.2: the forms of a field', async (t) => {
  const custom: Pair = ['custom-key', 'custom-header']
  const path: Pair = [':path', '/sample/path']
  const kept = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'
  check(t, 4096, [{ block: kept, fields: [custom], table: [custom] }])
  check(t, 4096, [{ block: '040c 2f73 616d 706c 652f 7061 7468', fields: [path], table: [] }])
  const never = '1008 7061 7373 776f 7264 0673 6563 7265 74'
  check(t, 4096, [{ block: never, fields: [['password', 'secret']], table: [] }])
  check(t, 4096, [{ block: '82', fields: [GET], table: [] }])
})

const REQUESTS: readonly Omit<Example, 'block'>[] = [
  { fields: [GET, HTTP, ROOT, EXAMPLE], table: [EXAMPLE] },
  { fields: [GET, HTTP, ROOT, EXAMPLE, NO_CACHE], table: [NO_CACHE, EXAMPLE] },
  { fields: [GET, HTTPS, [':path', '/index.html'], EXAMPLE, CUSTOM], table: [CUSTOM, NO_CACHE, EXAMPLE] },
]

function withBlocks(what: readonly Omit<Example, 'block'>[], blocks: readonly string[]): Example[] {
  return what.map((example, i) => ({ ...example, block: blocks[i] as string }))
}

t.test('C.3: requests without Huffman', async (t) => {
  const blocks = [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ]
  check(t, 4096, withBlocks(REQUESTS, blocks))
})

t.test('C.4: requests with Huffman', async (t) => {
  const blocks = [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ]
  check(t, 4096, withBlocks(REQUESTS, blocks))
})

const FOUND: Pair = [':status', '302']
const TEMPORARY: Pair = [':status', '307']
const PRIVATE: Pair = ['cache-control', 'private']
const DATE_21: Pair = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT']
const DATE_22: Pair = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT']
const LOCATION: Pair = ['location', 'https://www.example.com']
const GZIP: Pair = ['content-encoding', 'gzip']
const COOKIE: Pair = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1']

/** With a table of 256 bytes, so that entries have to go. */
const RESPONSES: readonly Omit<Example, 'block'>[] = [
  { fields: [FOUND, PRIVATE, DATE_21, LOCATION], table: [LOCATION, DATE_21, PRIVATE, FOUND] },
  { fields: [TEMPORARY, PRIVATE, DATE_21, LOCATION], table: [TEMPORARY, LOCATION, DATE_21, PRIVATE] },
  { fields: [[':status', '200'], PRIVATE, DATE_22, LOCATION, GZIP, COOKIE], table: [COOKIE, GZIP, DATE_22] },
]

t.test('C.5: answers without Huffman, and entries evicted', async (t) => {
  const blocks = [
    '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d ' +
      '546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '4803 3330 37c1 c0bf',
    '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f ' +
      '6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b ' +
      '2076 6572 7369 6f6e 3d31',
  ]
  check(t, 256, withBlocks(RESPONSES, blocks))
})

t.test('C.6: answers with Huffman, and entries evicted', async (t) => {
  const blocks = [
    '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 ' +
      '8f0b 97c8 e9ae 82ae 43d3',
    '4883 640e ffc1 c0bf',
    '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 ' +
      'dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
  ]
  check(t, 256, withBlocks(RESPONSES, blocks))
})
