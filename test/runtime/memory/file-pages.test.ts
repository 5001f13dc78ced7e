import { readFileSync } from 'node:fs'
import t from 'tap'
import { dropper, untouched } from '../../../src/runtime/memory/file-pages.ts'
import { foreign } from '../../../src/runtime/memory/foreign.ts'

const NODE = '/nodejs/bin/node'

/** A map as /proc/PID/smaps tells it, with KiB of each kind. */
function map(from: string, to: string, access: string, name: string, more: Readonly<Record<string, number>> = {}) {
  const fields = { Size: 64, Rss: 64, Private_Dirty: 0, Anonymous: 0, AnonHugePages: 0, Swap: 0, SwapPss: 0, ...more }
  const lines = Object.entries(fields).map(([field, kib]) => `${`${field}:`.padEnd(16)} ${String(kib).padStart(8)} kB`)
  return [
    `${from}-${to} ${access} 0042e000 fe:00 5349634${' '.repeat(20)}${name}`,
    ...lines,
    'VmFlags: rd ex',
    '',
  ].join('\n')
}

t.test(
  'untouched(): what may be forgotten is what still stands in the file of Node or of a library linked to it',
  async (t) => {
    const one = (...given: Parameters<typeof map>) => untouched(map(...given), NODE).length
    t.equal(one('1000', '3000', 'r--p', NODE), 1)
    t.equal(one('1000', '3000', 'r-xp', NODE), 1)
    t.equal(one('1000', '3000', 'r--p', '/lib/x86_64-linux-gnu/libstdc++.so.6.0.30'), 1)
    t.equal(one('1000', '3000', 'r--p', NODE, { Anonymous: 24, Private_Dirty: 24 }), 0, 'relocated by the linker')
    t.equal(one('1000', '3000', 'r--p', NODE, { Swap: 24 }), 0, 'relocated and swapped out')
    t.equal(one('1000', '3000', 'rw-p', NODE), 0, 'may yet be written')
    t.equal(one('1000', '3000', 'r--s', NODE), 0, 'shared')
    t.equal(one('1000', '3000', 'r--p', '/app/node_modules/koffi/koffi.node'), 0, 'may be unloaded')
    t.equal(one('1000', '3000', 'r--p', ''), 0, 'no file')
    t.equal(one('1000', '3000', 'r-xp', '[vdso]'), 0)
  },
)

t.test('untouched(): each map by where it begins and how long it is', async (t) => {
  const smaps = [map('400000', '82e000', 'r--p', NODE), map('7f0000000000', '7f0000001000', 'r-xp', NODE)].join('')
  t.same(untouched(smaps, NODE), [
    { from: 0x400000n, length: 0x42e000n },
    { from: 0x7f0000000000n, length: 0x1000n },
  ])
})

const isThere =
  process.platform === 'linux' && foreign('madvise', { arguments: ['u64', 'u64', 'i32'], return: 'i32' }) !== undefined
const skip = isThere ? false : 'this system has no madvise, or this Node no node:ffi'

t.test('dropper(): fewer pages of files, and Node runs on', { skip }, async (t) => {
  const mib = () => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024
  const drop = dropper()
  const before = mib()
  for (let i = 0; i < 500 && mib() > before - 5; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    drop()
  }
  t.ok(mib() < before - 5, `${before} MiB before, ${mib()} after`)
  t.equal(new TextDecoder('shift_jis').decode(Uint8Array.of(0x83, 0x65)), 'テ', 'what is needed again comes back')
})
